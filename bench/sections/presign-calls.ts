import { medianOf, type Usage } from '../measure.ts';
import { runOnce } from '../processes.ts';
import { atMost, formatFigure, type Section } from '../result.ts';
import type { PresignCallsTask } from '../workloads/presign-calls.ts';

const URLS_PER_CALL = 20;

export const presignCalls: Section = {
  title: 'Calls to presign',
  how:
    `A client requests ${URLS_PER_CALL} URLs at a time from the coordinator’s HTTP handler. Measured ` +
    'from the request to the text of the response, without sockets, after as many calls to warm up. ' +
    '`npm run soak -- coordinator` measures the same over sockets.',
  async run({ rounds, presigns }) {
    const task: PresignCallsTask = {
      calls: Math.ceil(presigns / URLS_PER_CALL),
      urlsPerCall: URLS_PER_CALL,
    };
    const runs: Usage[] = [];
    for (let round = 0; round < rounds; round++) {
      runs.push(await runOnce<Usage>('workloads/presign-calls.js', task));
    }
    const cpuMs = (1000 * medianOf(runs, ({ cpuSeconds }) => cpuSeconds)) / task.calls;
    const callsPerSecond = task.calls / medianOf(runs, ({ wallSeconds }) => wallSeconds);
    return {
      tables: [
        {
          title: `Calls for ${URLS_PER_CALL} URLs`,
          columns: ['CPU ms per call', 'calls/s'],
          rows: [[cpuMs, callsPerSecond].map(formatFigure)],
        },
      ],
      claims: [atMost(`CPU per call for ${URLS_PER_CALL} URLs`, cpuMs, 1, ' ms')],
      notMeasured: [],
    };
  },
};
