import { spawnSync } from 'node:child_process';
import type { ChildOptions } from '../processes.ts';

/**
 * On the loopback a socket accepts whole parts at once, so that the client would report progress that is
 * none. On real links segments have 1448 bytes, and buffers follow the window. Node cannot set these, perl
 * can: it opens the socket on which the link listens, and then executes the process of the link.
 */
export function withSmallBuffers(): ChildOptions {
  return hasPerl()
    ? { execPath: 'perl', execArgv: ['-MSocket', '-e', LISTEN_AND_EXEC, process.execPath] }
    : {};
}

export function hasPerl(): boolean {
  return spawnSync('perl', ['-MSocket', '-e', '1']).status === 0;
}

/** The environment variable with the file descriptor to listen on. */
export const LISTENING_FD = 'PARTWAY_BENCH_LISTENING';

/** 64 KiB of received bytes, and TCP_MAXSEG, which is 2 on every system. */
const LISTEN_AND_EXEC = `
  $^F = 255;
  socket(my $s, PF_INET, SOCK_STREAM, 0) or die $!;
  setsockopt($s, SOL_SOCKET, SO_RCVBUF, 65536) or die $!;
  setsockopt($s, 6, 2, 1448);
  bind($s, sockaddr_in(0, INADDR_LOOPBACK)) or die $!;
  listen($s, 128) or die $!;
  $ENV{${LISTENING_FD}} = fileno($s);
  exec @ARGV or die $!;
`;
