import { getHeader } from '../http/wire-text.ts';
import type { OssRequest, OssResponse } from '../types.ts';
import type { ErrorIn200Effect, RefuseEffect } from './fault-rule.ts';

/** The responses that faults send in place of the model's, in the form of OSS.md section 4. */
export interface FaultResponses {
  refuse(request: OssRequest, effect: RefuseEffect): OssResponse;
  errorIn200(request: OssRequest, effect: ErrorIn200Effect): OssResponse;
}

export function createFaultResponses(now: () => number): FaultResponses {
  let count = 0;
  // Counted rather than random, so that runs are repeatable. `FA` marks the requests that met a fault.
  const requestId = (): string => `FA${(++count).toString(16).toUpperCase().padStart(22, '0')}`;
  return {
    refuse(request, { status, headers = {}, ...error }) {
      const xml = createErrorXml(request, error, requestId());
      const isHead = request.method === 'HEAD';
      return {
        status,
        headers: {
          ...commonHeaders(now, xml),
          ...(error.ec === undefined ? {} : { 'x-oss-ec': error.ec }),
          ...(isHead ? { 'x-oss-err': xml.bytes.toString('base64') } : {}),
          ...headers,
        },
        body: isHead ? new Uint8Array() : xml.bytes,
      };
    },
    errorIn200(request, effect) {
      const xml = createErrorXml(request, effect, requestId());
      return { status: 200, headers: commonHeaders(now, xml), body: xml.bytes };
    },
  };
}

interface ErrorXml {
  readonly bytes: Buffer;
  readonly requestId: string;
}

type ErrorFields = Pick<RefuseEffect, 'code' | 'message' | 'ec'>;

function createErrorXml(
  request: OssRequest,
  { code, message = code, ec }: ErrorFields,
  requestId: string,
): ErrorXml {
  const elements = [
    ['Code', code],
    ['Message', message],
    ['RequestId', requestId],
    ['HostId', getHeader(request, 'host') ?? ''],
    ...(ec === undefined ? [] : [['EC', ec]]),
  ];
  const children = elements.map(([name, content = '']) => `  <${name}>${escapeXml(content)}</${name}>\n`);
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n${children.join('')}</Error>\n`;
  return { bytes: Buffer.from(text), requestId };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function commonHeaders(now: () => number, { bytes, requestId }: ErrorXml): Record<string, string> {
  return {
    Server: 'AliyunOSS',
    Date: new Date(now()).toUTCString(),
    'Content-Type': 'application/xml',
    'Content-Length': String(bytes.length),
    'x-oss-request-id': requestId,
    'x-oss-server-time': '0',
  };
}
