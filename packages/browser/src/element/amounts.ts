/** Numbers with their units, as a language writes them. */
export interface Amounts {
  /** Of bytes: `12.3 MB`, a megabyte being a million. */
  size(bytes: number): string;
  speed(bytesPerSecond: number): string;
  /** Rounded up: `45 sec`, `3 min`. */
  time(milliseconds: number): string;
  /** Rounded down: it is 100 % when it is done. */
  percent(fraction: number): string;
  /** Rounded down: `2 hours ago`, and `this minute` for less than one. */
  age(milliseconds: number): string;
}

/** `locale` is a tag of BCP 47; one that is none counts as `en`. */
export function amountsIn(locale: string): Amounts {
  const write = (value: number, unit: string): string =>
    formatOf(locale, { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }).format(
      value,
    );
  const writeScaled = (bytes: number, suffix: string): string => {
    const exponent = SIZES.findLastIndex((_, power) => bytes >= 999.5 * 1000 ** (power - 1));
    const power = Math.max(0, exponent);
    return write(bytes / 1000 ** power, `${SIZES[power]}${suffix}`);
  };
  return {
    size: (bytes) => writeScaled(bytes, ''),
    speed: (bytesPerSecond) => writeScaled(bytesPerSecond, '-per-second'),
    time(milliseconds) {
      const { unit, ms } = TIMES.findLast((time) => milliseconds > time.from) ?? SECOND;
      return write(Math.max(1, Math.ceil(milliseconds / ms)), unit);
    },
    percent: (fraction) =>
      formatOf(locale, { style: 'percent' }).format(Math.floor(Math.min(1, fraction) * 100) / 100),
    age(milliseconds) {
      const { unit, ms } = AGES.find((age) => milliseconds >= age.ms) ?? MINUTE;
      const format = new Intl.RelativeTimeFormat(knownLocale(locale), { numeric: 'auto' });
      return format.format(-Math.floor(Math.max(0, milliseconds) / ms), unit);
    },
  };
}

const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];

const SECOND = { unit: 'second', ms: 1000, from: 0 };
const TIMES = [
  SECOND,
  { unit: 'minute', ms: 60_000, from: 60_000 },
  { unit: 'hour', ms: 3_600_000, from: 3_600_000 },
  { unit: 'day', ms: 86_400_000, from: 2 * 86_400_000 },
];

const MINUTE = { unit: 'minute', ms: 60_000 } as const;
const AGES = [{ unit: 'day', ms: 86_400_000 }, { unit: 'hour', ms: 3_600_000 }, MINUTE] as const;

/** Making a format takes far longer than using it. */
const formats = new Map<string, Intl.NumberFormat>();

function formatOf(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const name = `${locale} ${options.style} ${options.unit}`;
  const format = formats.get(name) ?? new Intl.NumberFormat(knownLocale(locale), options);
  formats.set(name, format);
  return format;
}

function knownLocale(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
