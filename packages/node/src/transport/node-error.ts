import { UploadError } from '@partway/core';

/**
 * Converts an error of Node or undici for a request without a response. The first code in the chain of causes
 * that the table has decides; others are `internal`. Only the code is kept: other messages and fields may
 * hold a URL, or bytes of a response.
 */
export function uploadErrorFromNode(reason: unknown): UploadError {
  if (reason instanceof UploadError) return reason;
  for (const code of codesOf(reason)) {
    const verdict = VERDICTS.find(({ codes }) => codes.test(code));
    if (verdict === undefined) continue;
    return new UploadError({
      code: 'network',
      message: `${verdict.meaning}: ${code}`,
      disposition: verdict.disposition,
      ...(verdict.hint === undefined ? {} : { hint: verdict.hint }),
    });
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
  readonly meaning: string;
  readonly disposition: 'permanent' | 'transient';
  readonly hint?: string;
}

/** First match wins. */
const VERDICTS: readonly Verdict[] = [
  {
    codes: /^(ENOTFOUND|EAI_\w+)$/,
    meaning: 'the address of the endpoint was not found',
    disposition: 'transient',
    hint: 'Check the region and the bucket in the endpoint, and the name server of this machine.',
  },
  {
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/,
    meaning: 'the connection was lost',
    disposition: 'transient',
  },
  {
    codes: /^(ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENETRESET|EADDRNOTAVAIL)$/,
    meaning: 'the endpoint cannot be reached',
    disposition: 'transient',
  },
  {
    codes: /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/,
    meaning: 'the endpoint took too long',
    disposition: 'transient',
  },
  {
    codes: /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_)/,
    meaning: 'the certificate of the endpoint is not trusted',
    disposition: 'permanent',
    hint: 'Check the endpoint. A proxy that reads along needs its certificate in NODE_EXTRA_CA_CERTS.',
  },
  {
    codes: /^(EPROTO|ERR_SSL_\w+|ERR_TLS_\w+)$/,
    meaning: 'no secure connection came about',
    disposition: 'transient',
  },
  {
    codes: /^(HPE_\w+|UND_ERR_(RES_\w+|HEADERS_OVERFLOW|RESPONSE|INFO|ABORTED))$/,
    meaning: 'the response was cut off or is not HTTP',
    disposition: 'transient',
  },
  {
    codes: /^UND_ERR_(CLOSED|DESTROYED)$/,
    meaning: 'the transport is closed',
    disposition: 'permanent',
    hint: 'Close a transport only after the uploads that use it have settled.',
  },
];

/** An error, its causes, and the errors an AggregateError gathers: one for each address that was tried. */
function codesOf(reason: unknown): readonly string[] {
  const codes: string[] = [];
  let current = reason;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++) {
    if ('code' in current && typeof current.code === 'string') codes.push(current.code);
    // undici gives its parser's errors no code of their own.
    else if (current.name === 'HTTPParserError') codes.push('HPE_UNKNOWN');
    current = current instanceof AggregateError ? current.errors[0] : current.cause;
  }
  return codes;
}

const CAUSES_MAX = 8;

const READING_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no file at this path.',
  ENOTDIR: 'There is no file at this path.',
  ELOOP: 'The path leads through a circle of symbolic links.',
  EACCES: 'This process may not read the file.',
  EPERM: 'This process may not read the file.',
  EISDIR: 'The path names a directory.',
  EMFILE: 'This process has too many files open: upload fewer files at once, or raise its limit.',
  ENFILE: 'The system has too many files open.',
  EIO: 'The disk, or the network it is behind, failed.',
  ESTALE: 'The network file system no longer knows the file.',
};

/** Converts an error of Node from opening or reading a file. */
export function unreadableError(reason: unknown): UploadError {
  const code = codesOf(reason)[0] ?? 'no code';
  const hint = READING_HINTS[code];
  return new UploadError({
    code: 'source_unreadable',
    message: `the file ${pathOf(reason)}cannot be read: ${code}`,
    disposition: 'permanent',
    ...(hint === undefined ? {} : { hint }),
    cause: reason,
  });
}

/** Node names the path when a file is opened, not when it is read. */
function pathOf(reason: unknown): string {
  return reason instanceof Error && 'path' in reason && typeof reason.path === 'string'
    ? `${reason.path} `
    : '';
}
