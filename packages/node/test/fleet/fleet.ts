import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Two coordinators in processes of their own, and a proxy that gives each of them every second request. */
export interface Fleet {
  /** Where the proxy serves the coordinators. */
  readonly url: string;
  /** Verbs with response 200, in order. */
  readonly answers: readonly FleetAnswer[];
  /** Since `killAt`: processes that were killed while they lived. */
  readonly deaths: number;
  /** Since `killAt`: requests to a dead process, with response 502. */
  readonly deadEnds: number;
  /** The process at this place, 0 or 1, gets the next request. */
  giveTurnTo(place: number): void;
  /**
   * Restarts dead processes. Then kills the next process with SIGKILL at the nth request of a verb. Two
   * requests find it dead; the third one waits for its successor.
   */
  killAt(death: Death): Promise<void>;
  close(): Promise<void>;
}

export interface FleetAnswer {
  readonly verb: string;
  readonly pid: number;
}

export interface Death {
  readonly verb: string;
  readonly nth: number;
  /** Before the process receives the request, or after its response 200, which is then lost. */
  readonly moment: 'before' | 'after';
}

const DEAD_ENDS_MAX = 2;

export async function startFleet(endpoint: string): Promise<Fleet> {
  const members = [await startMember(endpoint), await startMember(endpoint)];
  const successors = new Map<Member, Promise<Member>>();
  const answers: FleetAnswer[] = [];
  let turn = 0;
  let death: Death | undefined;
  let askedFor = 0;
  let deaths = 0;
  let deadEnds = 0;

  function memberAt(place: number): Member {
    const member = members[place];
    if (member === undefined) throw new RangeError(`there is no member ${place}`);
    return member;
  }

  /** A dead process has one successor, for any number of concurrent requests. */
  async function livingAt(place: number): Promise<Member> {
    const member = memberAt(place);
    if (member.isAlive()) return member;
    const successor = successors.get(member) ?? startMember(endpoint);
    successors.set(member, successor);
    const living = await successor;
    members[place] = living;
    return living;
  }

  function isDeath(verb: string, moment: Death['moment']): boolean {
    return death?.verb === verb && death.nth === askedFor && death.moment === moment;
  }

  async function kill(member: Member): Promise<void> {
    if (member.isAlive()) deaths += 1;
    await member.kill();
  }

  async function pass(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await buffer(message);
    const place = turn++ % members.length;
    const verb = message.url?.slice(message.url.lastIndexOf('/') + 1) ?? '';
    if (verb === death?.verb) askedFor += 1;
    const isLost = isDeath(verb, 'after');
    if (isDeath(verb, 'before')) await kill(memberAt(place));
    const isDeadEnd = !memberAt(place).isAlive() && deadEnds < DEAD_ENDS_MAX;
    if (isDeadEnd) deadEnds += 1;
    const member = isDeadEnd ? memberAt(place) : await livingAt(place);
    const answer = await forward(member, message, body);
    if (isLost && answer?.status === 200) {
      await kill(member);
      message.socket.resetAndDestroy();
      return;
    }
    if (answer?.status === 200) answers.push({ verb, pid: member.pid });
    reply.writeHead(answer?.status ?? 502, { 'content-type': 'application/json' }).end(answer?.text);
  }

  const proxy = createServer((message, reply) => void pass(message, reply));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/uploads`,
    answers,
    get deaths() {
      return deaths;
    },
    get deadEnds() {
      return deadEnds;
    },
    giveTurnTo(place) {
      turn = place;
    },
    async killAt(wanted) {
      for (const place of members.keys()) await livingAt(place);
      death = wanted;
      askedFor = 0;
      deaths = 0;
      deadEnds = 0;
    },
    async close() {
      proxy.close();
      proxy.closeAllConnections();
      for (const member of members) await member.kill();
    },
  };
}

/** `undefined` without a complete response. */
async function forward(
  { port }: Member,
  { url, headers }: IncomingMessage,
  body: Buffer<ArrayBuffer>,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  const { 'content-type': type = '', 'x-session': session = '' } = headers;
  try {
    const response = await fetch(`http://127.0.0.1:${port}${url}`, {
      method: 'POST',
      headers: { 'content-type': type, 'x-session': String(session) },
      body,
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

interface Member {
  readonly pid: number;
  readonly port: number;
  isAlive(): boolean;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

async function startMember(endpoint: string): Promise<Member> {
  const script = fileURLToPath(new URL('./coordinator-process.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, endpoint], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [port] = await once(child.stdout, 'data');
  let isAlive = true;
  return {
    pid: child.pid ?? 0,
    port: Number(port),
    isAlive: () => isAlive,
    async kill() {
      isAlive = false;
      child.kill('SIGKILL');
      await exited;
    },
  };
}
