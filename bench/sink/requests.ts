/** A request with a body that was read and discarded. */
export interface SinkRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bodySize: number;
  /** It has no length. No large body is sent this way, and no further request before its response. */
  readonly isChunked: boolean;
}

/**
 * Takes the bytes of one connection. As little HTTP as the clients of this bench need, because what the sink
 * costs is taken from them: heads, and bodies with a length.
 */
export function createRequestReader(
  onRequest: (request: SinkRequest) => void,
  onContinue: () => void,
): (chunk: Buffer) => void {
  let head: Buffer | undefined;
  let request: SinkRequest | undefined;
  let bodyLeft = 0;
  let chunked = '';

  /** Returns the offset of the body, or `undefined` while the head is incomplete. */
  function readHead(chunk: Buffer): number | undefined {
    const bufferedBytes = head?.length ?? 0;
    const bytes = head === undefined ? chunk : Buffer.concat([head, chunk]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) {
      head = bytes;
      return undefined;
    }
    head = undefined;
    request = parseHead(bytes.toString('latin1', 0, end));
    bodyLeft = request.bodySize;
    if (request.headers.get('expect') === '100-continue') onContinue();
    return end + 4 - bufferedBytes;
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (request === undefined) {
        const bodyStart = readHead(chunk.subarray(at));
        if (bodyStart === undefined) return;
        at += bodyStart;
      }
      if (request?.isChunked) {
        chunked += chunk.toString('latin1', at);
        if (!chunked.endsWith('0\r\n\r\n')) return;
        chunked = '';
        at = chunk.length;
      }
      const length = Math.min(bodyLeft, chunk.length - at);
      bodyLeft -= length;
      at += length;
      if (bodyLeft > 0 || request === undefined) continue;
      const complete: SinkRequest = request;
      request = undefined;
      onRequest(complete);
    }
  };
}

function parseHead(head: string): SinkRequest {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const [path = '', query = ''] = target.split('?');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const isChunked = headers.has('transfer-encoding');
  const bodySize = Number(headers.get('content-length') ?? 0);
  return { method, path, query: new URLSearchParams(query), headers, bodySize, isChunked };
}
