import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Two coordinators in separate processes, and a proxy that alternates between them. */
export interface Fleet {
  /** The URL of the proxy. */
  readonly url: string;
  /** The responses with status 200, in order. */
  readonly responses: readonly FleetResponse[];
  /** The number of processes killed since `killAt`. */
  readonly kills: number;
  /** The number of requests to a dead process since `killAt`, with response 502. */
  readonly badGateways: number;
  /** The process with this index, 0 or 1, receives the next request. */
  setNext(index: number): void;
  /**
   * Restarts dead processes. At the nth request of a verb, the process that receives it is then killed with
   * SIGKILL. Two more requests fail with 502; the third one waits for its successor.
   */
  killAt(kill: Kill): Promise<void>;
  close(): Promise<void>;
}

export interface FleetResponse {
  readonly verb: string;
  readonly pid: number;
}

export interface Kill {
  readonly verb: string;
  readonly nth: number;
  /** Before the process receives the request, or after its response 200, which is then lost. */
  readonly moment: 'before' | 'after';
}

const BAD_GATEWAYS_MAX = 2;

export async function startFleet(endpoint: string): Promise<Fleet> {
  const members = [await startMember(endpoint), await startMember(endpoint)];
  const successors = new Map<Member, Promise<Member>>();
  const responses: FleetResponse[] = [];
  let nextIndex = 0;
  let planned: Kill | undefined;
  let requestCount = 0;
  let kills = 0;
  let badGateways = 0;

  function getMember(index: number): Member {
    const member = members[index];
    if (member === undefined) throw new RangeError(`there is no member ${index}`);
    return member;
  }

  /** A dead process has one successor, for any number of concurrent requests. */
  async function getLivingMember(index: number): Promise<Member> {
    const member = getMember(index);
    if (member.isAlive()) return member;
    const successor = successors.get(member) ?? startMember(endpoint);
    successors.set(member, successor);
    const living = await successor;
    members[index] = living;
    return living;
  }

  function isPlannedKill(verb: string, moment: Kill['moment']): boolean {
    return planned?.verb === verb && planned.nth === requestCount && planned.moment === moment;
  }

  async function kill(member: Member): Promise<void> {
    if (member.isAlive()) kills += 1;
    await member.kill();
  }

  async function forwardToNext(message: IncomingMessage, reply: ServerResponse): Promise<void> {
    const body = await buffer(message);
    const index = nextIndex++ % members.length;
    const verb = message.url?.slice(message.url.lastIndexOf('/') + 1) ?? '';
    if (verb === planned?.verb) requestCount += 1;
    const isLost = isPlannedKill(verb, 'after');
    if (isPlannedKill(verb, 'before')) await kill(getMember(index));
    const isBadGateway = !getMember(index).isAlive() && badGateways < BAD_GATEWAYS_MAX;
    if (isBadGateway) badGateways += 1;
    const member = isBadGateway ? getMember(index) : await getLivingMember(index);
    const response = await forward(member, message, body);
    if (isLost && response?.status === 200) {
      await kill(member);
      message.socket.resetAndDestroy();
      return;
    }
    if (response?.status === 200) responses.push({ verb, pid: member.pid });
    reply.writeHead(response?.status ?? 502, { 'content-type': 'application/json' }).end(response?.text);
  }

  const proxy = createServer((message, reply) => void forwardToNext(message, reply));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/uploads`,
    responses,
    get kills() {
      return kills;
    },
    get badGateways() {
      return badGateways;
    },
    setNext(index) {
      nextIndex = index;
    },
    async killAt(kill) {
      for (const index of members.keys()) await getLivingMember(index);
      planned = kill;
      requestCount = 0;
      kills = 0;
      badGateways = 0;
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
  /** Resolves when the process has exited. */
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
