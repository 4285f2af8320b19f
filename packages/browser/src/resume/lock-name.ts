/** The lock of one upload among all tabs: the same in every store of this database. */
export function lockName(databaseName: string, id: string): string {
  return `partway:${databaseName}:${id}`;
}
