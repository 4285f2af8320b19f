import type { Section } from '../result.ts';
import { bookkeeping } from './bookkeeping.ts';
import { coordinator } from './coordinator.ts';
import { crc64 } from './crc64.ts';
import { links } from './links.ts';
import { presign } from './presign.ts';
import { presignCalls } from './presign-calls.ts';
import { send } from './send.ts';
import { smallFiles } from './small-files.ts';

/** The sections by name, in the order of RESULTS.md. */
export const SECTIONS: ReadonlyMap<string, Section> = new Map([
  ['send', send],
  ['crc64', crc64],
  ['presign', presign],
  ['presign-calls', presignCalls],
  ['bookkeeping', bookkeeping],
  ['coordinator', coordinator],
  ['small-files', smallFiles],
  ['links', links],
]);
