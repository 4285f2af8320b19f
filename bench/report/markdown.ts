import type { Claim, Measured, Section, Table } from '../result.ts';

/** The page: RESULTS.md. */
export function writePage(
  sections: ReadonlyMap<string, Section>,
  measured: Readonly<Record<string, Measured>>,
): string {
  const shown = [...sections].flatMap(([name, section]) => {
    const found = measured[name];
    return found === undefined ? [] : [{ section, found }];
  });
  const claims = shown.flatMap(({ section, found }) =>
    found.result.claims.map((claim) => [section.title, ...claimCells(claim)]),
  );
  return [
    '# What Partway costs',
    'Made by `npm run bench`; do not edit. Machines are shared and noisy: compare figures of one table ' +
      'only, and ratios before figures.',
    '![CPU seconds per GiB sent, by sender](results.svg)',
    '## The claims',
    tableText({ columns: ['section', 'claim', 'measured', 'holds'], rows: claims }),
    ...shown.flatMap(({ section, found }) => sectionText(section, found)),
  ]
    .join('\n\n')
    .concat('\n');
}

function sectionText(
  { title, how }: Section,
  { at, machine, peers, scale, result }: Measured,
): readonly string[] {
  const absent = result.notMeasured.map((what) => `Not measured: ${what}`);
  const failed = (result.failures ?? []).map((what) => `Could not run: ${what}`);
  return [
    `## ${title}`,
    how,
    `Measured ${at}, ${scale} run: ${machine}; ${peers}.`,
    ...absent,
    ...failed,
    ...result.tables.flatMap((table) => [`### ${table.title}`, tableText(table)]),
  ];
}

function claimCells({ claim, figure, holds }: Claim): readonly string[] {
  return [claim, figure, holds ? 'yes' : '**no**'];
}

function tableText({ columns, rows }: Pick<Table, 'columns' | 'rows'>): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
