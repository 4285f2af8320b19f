import type { Scale } from './settings.ts';

/** The result of a section: data from which the page is generated. */
export interface SectionResult {
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
  /** Missing measurements, with the reason. */
  readonly notMeasured: readonly string[];
  /** Failed measurements. Default: none. */
  readonly failures?: readonly string[];
  /** Bars for the chart. */
  readonly bars?: readonly Bar[];
}

/** The result of a section, with time and machine. */
export interface Measurement {
  readonly at: string;
  readonly machine: string;
  readonly peers: string;
  readonly scale: string;
  readonly result: SectionResult;
}

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Claim {
  readonly claim: string;
  readonly figure: string;
  readonly holds: boolean;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly isOurs: boolean;
}

/** One section of the bench. */
export interface Section {
  readonly title: string;
  /** The method, in a few sentences. */
  readonly how: string;
  run(scale: Scale, log: (line: string) => void): Promise<SectionResult>;
}

export function atMost(claim: string, figure: number, limit: number, unit = ''): Claim {
  return {
    claim: `${claim} ≤ ${limit}${unit}`,
    figure: `${formatFigure(figure)}${unit}`,
    holds: figure <= limit,
  };
}

export function atLeast(claim: string, figure: number, limit: number, unit = ''): Claim {
  return {
    claim: `${claim} ≥ ${limit}${unit}`,
    figure: `${formatFigure(figure)}${unit}`,
    holds: figure >= limit,
  };
}

/** Three significant digits, or all digits of the integer part. */
export function formatFigure(figure: number): string {
  if (Number.isNaN(figure)) return '–';
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString('en');
  return figure.toFixed(Math.abs(figure) >= 10 ? 1 : 2);
}

/** The failure, short enough for the page. */
export function toOneLine(reason: unknown): string {
  return String(reason).replaceAll(/\s+/g, ' ').slice(0, 240);
}
