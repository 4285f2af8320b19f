import { createIndexedDbCheckpoints } from '../resume/indexed-db-checkpoints.ts';
import type { PageCheckpoints } from '../resume/page-checkpoints.ts';

/**
 * Where the uploads to one endpoint are remembered, apart from all others: what one coordinator has begun, no
 * other can go on with. The same for the same endpoint.
 */
export function checkpointsOf(endpoint: string): PageCheckpoints {
  const known = stores.get(endpoint) ?? createIndexedDbCheckpoints({ databaseName: `partway ${endpoint}` });
  stores.set(endpoint, known);
  return known;
}

const stores = new Map<string, PageCheckpoints>();
