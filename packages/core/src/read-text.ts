/** The text of a body. A body longer than `sizeMax` bytes is truncated there and cancelled. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  sizeMax: number,
): Promise<{ readonly text: string; readonly isCut: boolean }> {
  if (body === null) return { text: '', isCut: false };
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  const reader = body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    size += read.value.length;
    if (size > sizeMax) {
      await reader.cancel();
      return { text, isCut: true };
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return { text: text + decoder.decode(), isCut: false };
}
