import { type Disposition, UploadError } from '@partway/core';
import { networkError, sourceUnreadableError } from '@partway/core/internal';

/**
 * Makes the error of a request without a response from an error of Node or undici. It decides by the first
 * known code in the chain of causes; without one the error is `internal`. Only the code is kept: the message
 * and other fields can contain a URL or bytes of a response.
 */
export function uploadErrorFromNode(reason: unknown): UploadError {
  if (reason instanceof UploadError) return reason;
  for (const code of findCodes(reason)) {
    const verdict = VERDICTS.find(({ codes }) => codes.test(code));
    if (verdict === undefined) continue;
    const { message, disposition, hint } = verdict;
    return networkError(`${message}: ${code}`, { disposition, ...(hint !== undefined && { hint }) });
  }
  return new UploadError({
    code: 'internal',
    message: `the transport failed with an unknown ${reason instanceof Error ? reason.name : typeof reason}`,
    disposition: 'permanent',
    hint: 'This is a defect in Partway. Please report it.',
  });
}

interface Verdict {
  readonly codes: RegExp;
  readonly message: string;
  readonly disposition: Disposition;
  readonly hint?: string;
}

/** First match wins. */
const VERDICTS: readonly Verdict[] = [
  {
    codes: /^(ENOTFOUND|EAI_\w+)$/,
    message: 'the host of the endpoint was not found',
    disposition: 'transient',
    hint: 'Check the region and the bucket in the endpoint, and the DNS of this machine.',
  },
  {
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/,
    message: 'the connection was lost',
    disposition: 'transient',
  },
  {
    codes: /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENETRESET|EADDRNOTAVAIL)$/,
    message: 'the endpoint cannot be reached',
    disposition: 'transient',
  },
  {
    codes: /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    message: 'the endpoint did not respond in time',
    disposition: 'transient',
  },
  {
    codes: /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_)/,
    message: 'the certificate of the endpoint is not trusted',
    disposition: 'permanent',
    hint: 'Check the endpoint. If a proxy decrypts TLS, add its certificate with NODE_EXTRA_CA_CERTS.',
  },
  {
    codes: /^(EPROTO|ERR_SSL_\w+|ERR_TLS_\w+)$/,
    message: 'the TLS handshake failed',
    disposition: 'transient',
  },
  {
    codes: /^(HPE_\w+|UND_ERR_(RES_\w+|HEADERS_OVERFLOW|RESPONSE|INFO|ABORTED))$/,
    message: 'the response was truncated or is not HTTP',
    disposition: 'transient',
  },
  {
    codes: /^UND_ERR_(CLOSED|DESTROYED)$/,
    message: 'the transport is closed',
    disposition: 'permanent',
    hint: 'Close a transport only after the uploads that use it have settled.',
  },
];

/**
 * The codes of an error and its causes. Of an AggregateError, which has one error for each address that was
 * tried, the first counts.
 */
function findCodes(reason: unknown): readonly string[] {
  const codes: string[] = [];
  let current = reason;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code);
    // The errors of undici's parser have no code.
    else if (current.name === 'HTTPParserError') codes.push('HPE_UNKNOWN');
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return codes;
}

const CAUSES_MAX = 8;

const FILE_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file at this path.',
  ENOTDIR: 'There is no file at this path.',
  ELOOP: 'The symbolic links of the path form a loop.',
  EACCES: 'This process has no permission to read the file.',
  EPERM: 'This process has no permission to read the file.',
  EISDIR: 'The path is a directory.',
  EMFILE: 'This process has too many open files: upload fewer files at once, or raise the limit.',
  ENFILE: 'The system has too many open files.',
  EIO: 'The disk or the network file system failed.',
  ESTALE: 'The network file system no longer has the file.',
};

/** Makes the error of a file that cannot be opened or read from an error of Node. */
export function fileReadError(reason: unknown): UploadError {
  const code = findCodes(reason)[0] ?? 'no code';
  const hint = FILE_HINTS[code];
  return sourceUnreadableError(`the file ${findPath(reason)}cannot be read: ${code}`, {
    ...(hint !== undefined && { hint }),
    cause: reason,
  });
}

/** Node's errors name the path if opening fails, but not if reading fails. */
function findPath(reason: unknown): string {
  return reason instanceof Error && 'path' in reason && typeof reason.path === 'string'
    ? `${reason.path} `
    : '';
}
