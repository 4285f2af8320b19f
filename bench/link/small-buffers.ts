import { spawnSync } from 'node:child_process';
import type { ChildOptions } from '../processes.ts';

/**
 * On the loopback a socket swallows whole parts at once: what the client took for progress would be none.
 * Real links show it segments of 1448 bytes, and buffers that follow the window. Node can set neither, perl
 * can: it opens the socket that the link listens on, and then becomes the link's process.
 */
export function withSmallBuffers(): ChildOptions {
  return hasPerl()
    ? { execPath: 'perl', execArgv: ['-MSocket', '-e', LISTEN_AND_BECOME, process.execPath] }
    : {};
}

export function hasPerl(): boolean {
  return spawnSync('perl', ['-MSocket', '-e', '1']).status === 0;
}

/** Of the environment: the number of the descriptor to listen on. */
export const LISTENING = 'PARTWAY_BENCH_LISTENING';

/** 64 KiB of received bytes, and TCP_MAXSEG, which is 2 on every system. */
const LISTEN_AND_BECOME = `
  $^F = 255;
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die $!;
  setsockopt($s, SOL_SOCKET, SO_RCVBUF, 65536) or die $!;
  setsockopt($s, 6, 2, 1448);
  bind($s, sockaddr_in(0, INADDR_LOOPBACK)) or die $!;
  listen($s, 128) or die $!;
  $ENV{${LISTENING}} = fileno($s);
  exec @ARGV or die $!;
`;
