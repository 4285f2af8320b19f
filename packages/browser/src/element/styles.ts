/** Returns the sheet that all elements of a page share. A constructed sheet needs no `unsafe-inline`. */
export function getUploadStyles(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

let sheet: CSSStyleSheet | undefined;

const CSS = `
:host {
  --_accent: var(--partway-accent, light-dark(#0b57d0, #8ab4f8));
  --_accent-text: var(--partway-accent-text, light-dark(#fff, #0b1f3a));
  --_text: var(--partway-text, light-dark(#1f2328, #e6e8eb));
  --_muted: var(--partway-muted, light-dark(#57606a, #a8b0b9));
  --_background: var(--partway-background, light-dark(#fff, #17191c));
  --_line: var(--partway-line, light-dark(#d0d7de, #3a4048));
  --_track: var(--partway-track, light-dark(#e4e8ec, #30363d));
  --_failed: var(--partway-failed, light-dark(#b3261e, #f2b8b5));
  --_completed: var(--partway-completed, light-dark(#146c2e, #7dd69a));
  --_radius: var(--partway-radius, 0.5rem);
  --_gap: var(--partway-gap, 0.75rem);
  color-scheme: light dark;
  display: block;
  color: var(--_text);
  font: var(--partway-font, 0.9375rem/1.45 system-ui, sans-serif);
}
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
[part~=panel] {
  position: relative; padding: var(--_gap); background: var(--_background);
  border: 1px solid var(--_line); border-radius: var(--_radius);
}
[part~=dropzone] {
  display: flex; flex-wrap: wrap; align-items: center; justify-content: center;
  gap: 0.5rem var(--_gap); padding: 1.5rem var(--_gap); text-align: center;
  border: 2px dashed var(--_line); border-radius: calc(var(--_radius) * 0.75);
  transition: border-color 120ms, background-color 120ms;
}
[part~=dropzone-over] {
  border-color: var(--_accent); border-style: solid;
  background: color-mix(in srgb, var(--_accent) 10%, transparent);
}
[part~=hint], [part~=size], [part~=status], [part~=summary] { color: var(--_muted); }
[part~=button] {
  min-height: 2.25rem; padding: 0.25rem 0.75rem; font: inherit; color: var(--_text);
  background: transparent; border: 1px solid var(--_line); border-radius: calc(var(--_radius) * 0.75);
  cursor: pointer; transition: background-color 120ms;
}
[part~=button]:hover { background: color-mix(in srgb, var(--_text) 8%, transparent); }
[part~=button][aria-disabled=true] { color: var(--_muted); border-style: dotted; cursor: default; }
[part~=choose] {
  color: var(--_accent-text); background: var(--_accent); border-color: var(--_accent); font-weight: 600;
}
[part~=choose]:hover { background: color-mix(in srgb, var(--_accent) 88%, var(--_text)); }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
[part~=notice] { padding-top: var(--_gap); color: var(--_failed); overflow-wrap: anywhere; }
[part~=row], [part~=overall] {
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem var(--_gap);
  padding: var(--_gap) 0; border-top: 1px solid var(--_line);
}
[part~=row]:first-child { border-top: 0; }
[part~=row]:last-child, [part~=overall] { padding-bottom: 0; }
[part~=overall] { margin-top: var(--_gap); }
[part~=unfinished] {
  margin-top: var(--_gap); padding: var(--_gap); border-radius: calc(var(--_radius) * 0.75);
  background: color-mix(in srgb, var(--_accent) 6%, transparent); border: 1px solid var(--_line);
}
[part~=unfinished-title] { font-weight: 600; }
[part~=name] { flex: 1 1 12rem; min-width: 0; font-weight: 600; overflow-wrap: anywhere; }
[part~=size] { white-space: nowrap; }
[part~=status], [part~=summary] {
  flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
}
[part~=status-failed] { color: var(--_failed); }
[part~=status-completed] { color: var(--_completed); }
[part~=actions] { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-inline-start: auto; }
progress {
  appearance: none; flex: 1 0 100%; width: 100%; height: 0.5rem; border: 0; border-radius: 1rem;
  overflow: hidden; background: var(--_track); color: var(--_accent);
}
progress::-webkit-progress-bar { background: var(--_track); }
progress::-webkit-progress-value { background: currentColor; border-radius: 1rem; transition: width 200ms; }
progress::-moz-progress-bar { background: currentColor; border-radius: 1rem; }
[part~=row-paused] progress, [part~=row-offline] progress, [part~=row-unfinished] progress {
  color: var(--_muted);
}
[part~=row-failed] progress { color: var(--_failed); }
[part~=row-completed] progress { color: var(--_completed); }
[part~=announcer] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after, progress::-webkit-progress-value { transition: none !important; }
}
@media (forced-colors: active) {
  [part~=row] progress, [part~=overall] progress {
    forced-color-adjust: none; color: Highlight; background: Canvas; border: 1px solid CanvasText;
  }
  progress::-webkit-progress-bar { background: Canvas; }
  [part~=button][aria-disabled=true] { color: GrayText; }
}
`;
