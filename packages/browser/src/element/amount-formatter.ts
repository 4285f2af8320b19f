/** Formats numbers with their units in one language. */
export interface AmountFormatter {
  /** `12.3 MB`; a megabyte is a million bytes. */
  size(bytes: number): string;
  /** `1.2 MB/s`. */
  speed(bytesPerSecond: number): string;
  /** Rounded up: `45 sec`, `3 min`. */
  time(milliseconds: number): string;
  /** Rounded down, so that 100 % means complete. */
  percent(fraction: number): string;
  /** Rounded down: `2 hours ago`; `this minute` below one minute. */
  age(milliseconds: number): string;
}

/** `locale` is a BCP 47 tag; an invalid tag means `en`. */
export function createAmountFormatter(locale: string): AmountFormatter {
  const formatUnit = (value: number, unit: string): string =>
    getFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 }).format(
      value,
    );
  const formatScaled = (bytes: number, suffix: string): string => {
    const exponent = SIZES.findLastIndex((_, power) => bytes >= 999.5 * 1000 ** (power - 1));
    const power = Math.max(0, exponent);
    return formatUnit(bytes / 1000 ** power, `${SIZES[power]}${suffix}`);
  };
  return {
    size: (bytes) => formatScaled(bytes, ''),
    speed: (bytesPerSecond) => formatScaled(bytesPerSecond, '-per-second'),
    time(milliseconds) {
      const { unit, ms } = TIMES.findLast((time) => milliseconds > time.from) ?? SECOND;
      return formatUnit(Math.max(1, Math.ceil(milliseconds / ms)), unit);
    },
    percent: (fraction) =>
      getFormat(locale, { style: 'percent' }).format(Math.floor(Math.min(1, fraction) * 100) / 100),
    age(milliseconds) {
      const { unit, ms } = AGES.find((age) => milliseconds >= age.ms) ?? MINUTE;
      const format = new Intl.RelativeTimeFormat(validLocale(locale), { numeric: 'auto' });
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

/** Cached: creating a format takes much longer than using it. */
const formats = new Map<string, Intl.NumberFormat>();

function getFormat(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${options.style} ${options.unit}`;
  const format = formats.get(key) ?? new Intl.NumberFormat(validLocale(locale), options);
  formats.set(key, format);
  return format;
}

function validLocale(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
