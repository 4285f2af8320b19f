const MIB = 1024 ** 2;

/** Sample files. They are the same each time, so that they resume after a reload. */
export function sampleFiles(): readonly File[] {
  return [
    sampleFile('holiday.mp4', 24 * MIB, 'video/mp4'),
    sampleFile('slides.pdf', 5 * MIB, 'application/pdf'),
    sampleFile('notes.txt', 90_000, 'text/plain'),
  ];
}

function sampleFile(name: string, size: number, type: string): File {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = size;
  for (let index = 0; index < words.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[index] = state;
  }
  return new File([new Uint8Array(words.buffer, 0, size)], name, {
    type,
    lastModified: Date.UTC(2026, 0, 1),
  });
}
