import type { Scale } from './settings.ts';

/** The result of a section: data from which the page is generated. */
export interface SectionResult {
  readonly tables: readonly Table[];
  readonly claims: readonly Claim[];
  /** Missing measurements, with the reason. */
  readonly notMeasured: readonly string[];
  /** Failed measurements. Default: none. */
  readonly failures?: readonly string[];
  /** Bars for the picture. */
  readonly bars?: readonly Bar[];
}

/** A section's result, and where and when it was found. */
export interface Measured {
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

/** One part of the bench. */
export interface Section {
  readonly title: string;
  /** How it is measured, in a few sentences. */
  readonly how: string;
  run(scale: Scale, say: (line: string) => void): Promise<SectionResult>;
}

export function atMost(claim: string, figure: number, limit: number, unit = ''): Claim {
  return { claim: `${claim} ≤ ${limit}${unit}`, figure: `${digits(figure)}${unit}`, holds: figure <= limit };
}

export function atLeast(claim: string, figure: number, limit: number, unit = ''): Claim {
  return { claim: `${claim} ≥ ${limit}${unit}`, figure: `${digits(figure)}${unit}`, holds: figure >= limit };
}

/** Three digits that count. */
export function digits(figure: number): string {
  if (Number.isNaN(figure)) return '–';
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString('en');
  return figure.toFixed(Math.abs(figure) >= 10 ? 1 : 2);
}

/** The failure, short enough for the page. */
export function inOneLine(reason: unknown): string {
  return String(reason).replaceAll(/\s+/g, ' ').slice(0, 240);
}
