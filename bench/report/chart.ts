import type { Bar } from '../result.ts';

const BAR_HEIGHT = 22;
const ROW_HEIGHT = 34;
const LABEL_WIDTH = 210;
const BARS_WIDTH = 430;
const WIDTH = 720;
const TOP = 56;

/** A bar chart as SVG, with colours for light and dark pages. */
export function writeChart(title: string, bars: readonly Bar[]): string {
  const sorted = [...bars].sort((a, b) => a.value - b.value);
  const longest = Math.max(...sorted.map(({ value }) => value));
  const height = TOP + sorted.length * ROW_HEIGHT + 8;
  const rows = sorted.map(({ label, value, isOurs }, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const width = Math.max(1, (value / longest) * BARS_WIDTH);
    const middle = y + BAR_HEIGHT / 2 + 5;
    const kind = isOurs ? ' class="ours"' : '';
    return (
      `<text x="${LABEL_WIDTH - 10}" y="${middle}" text-anchor="end"${kind}>${label}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="3"${kind}/>` +
      `<text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${middle}"${kind}>${value.toFixed(2)}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    `<title>${title}</title>`,
    '<style>',
    'text { font: 14px system-ui, sans-serif; fill: #1f2328; } .title { font-weight: 600; font-size: 16px; }',
    'rect { fill: #9aa4b2; } rect.ours { fill: #0b7a75; } text.ours { font-weight: 600; }',
    '@media (prefers-color-scheme: dark) {',
    'text { fill: #e6edf3; } rect { fill: #6b7684; } rect.ours { fill: #2fc4b8; }',
    '}',
    '</style>',
    `<text class="title" x="16" y="30">${title}</text>`,
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}
