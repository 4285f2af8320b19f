import type { Part } from '../parts/part-plan.ts';
import type { Source } from '../ports.ts';
import type { StoredParts } from './remote-parts.ts';
import type { PartFeed } from './send-parts.ts';

/** Parts handed to the limiter ahead of time: 10,000 waiting closures would cost megabytes for nothing. */
const QUEUED_MAX = 64;

/** The parts of a plan, read from the source whenever they are sent. */
export function sourceFeed(source: Source, plan: readonly Part[], held: StoredParts): PartFeed {
  return {
    *parts() {
      for (const part of plan) {
        const { partNumber, offset, size } = part;
        yield { held: held.get(partNumber), open: () => source.part(offset, size), ...part };
      }
    },
    partNumbers: plan
      .filter(({ partNumber, size }) => held.get(partNumber)?.size !== size)
      .map(({ partNumber }) => partNumber),
    takenMax: () => QUEUED_MAX,
    size: () => source.size,
  };
}
