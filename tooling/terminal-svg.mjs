// Draws lines of a terminal as an SVG in which each line appears at its time. Without animation all lines are shown.

const FONT_SIZE = 13;
const LINE_HEIGHT = 19;
const CHARACTER_WIDTH = 7.83;
const MARGIN = 16;
const TITLE_HEIGHT = 30;
const COLUMNS_MAX = 116;
const COLORS = { text: '#d6dbe4', prompt: '#7ee0a5', muted: '#8c96a8', success: '#7ee0a5' };

/** Lines are `{ text, atMs }`, in order. */
export function drawTerminal(title, lines) {
  const rows = lines.flatMap(({ text, atMs }) => wrapped(text).map((part) => ({ text: part, atMs })));
  const columns = Math.max(60, ...rows.map(({ text }) => text.length));
  const width = Math.ceil(columns * CHARACTER_WIDTH) + 2 * MARGIN;
  const height = TITLE_HEIGHT + rows.length * LINE_HEIGHT + MARGIN;
  const texts = rows.map(({ text, atMs }, index) => {
    const y = TITLE_HEIGHT + (index + 1) * LINE_HEIGHT - 5;
    const delay = (atMs / 1000).toFixed(2);
    return `<text x="${MARGIN}" y="${y}" fill="${colorOf(text)}" style="animation-delay:${delay}s">${escaped(text)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<title>${escaped(title)}</title>
<style>
text { font: ${FONT_SIZE}px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; animation: appear 1ms both; }
@keyframes appear { from { opacity: 0; } }
@media (prefers-reduced-motion: reduce) { text { animation: none; } }
</style>
<rect width="${width}" height="${height}" rx="8" fill="#171b22"/>
<circle cx="18" cy="16" r="5" fill="#e0675f"/><circle cx="36" cy="16" r="5" fill="#dfae4b"/><circle cx="54" cy="16" r="5" fill="#5fb878"/>
${texts.join('\n')}
</svg>
`;
}

/** A long line continues on the next one, as in a terminal. */
function wrapped(text) {
  const parts = [];
  for (let start = 0; start === 0 || start < text.length; start += COLUMNS_MAX)
    parts.push(text.slice(start, start + COLUMNS_MAX));
  return parts;
}

function colorOf(text) {
  if (text.startsWith('$')) return COLORS.prompt;
  if (text.startsWith('oss://')) return COLORS.success;
  return /^(\d+%|\^C)/.test(text) ? COLORS.muted : COLORS.text;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
