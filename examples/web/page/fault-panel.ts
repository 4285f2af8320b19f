import { type DemoFault, type FaultState, LASTING_FAULTS, LINKS, SINGLE_FAULTS } from '../fault-catalog.ts';
import type { Log } from './log.ts';
import { make, nodeOf } from './nodes.ts';

type States = Readonly<Record<string, FaultState>>;

/** A control that shows the state of the server. */
interface Control {
  readonly node: HTMLElement;
  show(states: States): void;
}

/** The panel with a control for each fault. Its counters show the occurrences. */
export function showFaultPanel(log: Pick<Log, 'add'>): void {
  async function change(request: RequestInit): Promise<void> {
    const states = await fetchStates(request).catch(() => undefined);
    if (states === undefined) log.add('The server', 'does not respond', 'trouble');
    else show(states);
  }

  function set(name: string, isOn: boolean): void {
    const headers = { 'content-type': 'application/json' };
    void change({ method: 'POST', body: JSON.stringify({ name, isOn }), headers });
  }

  const links = createLinks((name, label) => {
    log.add('The link', `changes to: ${label}`, 'plain');
    set(name, true);
  });
  const lastingFaults = Object.entries(LASTING_FAULTS).map(([name, fault]) =>
    createSwitch(name, fault, (isOn) => {
      log.add('OSS', `fault ${isOn ? 'on' : 'off'}: ${fault.label}`, isOn ? 'trouble' : 'plain');
      set(name, isOn);
    }),
  );
  const singleFaults = Object.entries(SINGLE_FAULTS).map(([name, fault]) =>
    createFaultButton(name, fault, () => {
      log.add('OSS', `next fault: ${fault.label}`, 'trouble');
      set(name, true);
    }),
  );
  const controls: readonly Control[] = [links, ...lastingFaults, ...singleFaults];

  function show(states: States): void {
    for (const control of controls) control.show(states);
  }

  nodeOf('section#faults').append(
    links.node,
    group('Lasting faults', lastingFaults),
    group('Faults of the next requests', singleFaults),
  );
  nodeOf('button#behave').addEventListener('click', () => {
    log.add('OSS', 'has no faults', 'plain');
    void change({ method: 'DELETE' });
  });
  void follow(show);
}

async function fetchStates(request: RequestInit = {}): Promise<States> {
  const response = await fetch('/demo/faults', request);
  if (!response.ok) throw new Error(`the demo server responded ${response.status}`);
  return await response.json();
}

/** Polls once per second while the server responds and the page is visible. */
async function follow(show: (states: States) => void): Promise<void> {
  const states = document.hidden ? {} : await fetchStates().catch(() => undefined);
  if (states === undefined) return;
  if (!document.hidden) show(states);
  setTimeout(() => void follow(show), 1000);
}

function group(title: string, controls: readonly Control[]): HTMLElement {
  const legend = make('legend', '', [title]);
  return make('fieldset', 'group', [legend, ...controls.map(({ node }) => node)]);
}

function createLinks(onChosen: (name: string, label: string) => void): Control {
  const select = make('select', '', []);
  select.id = 'link';
  for (const [name, { label }] of Object.entries(LINKS)) select.add(new Option(label, name));
  const label = make('label', 'link', ['Link', select]);
  select.addEventListener('change', () => {
    onChosen(select.value, select.selectedOptions[0]?.label ?? '');
  });
  return {
    node: label,
    show(states) {
      const [fastest = ''] = Object.keys(LINKS);
      const chosen = Object.keys(LINKS).find((name) => states[name]?.isOn === true) ?? fastest;
      if (select.value !== chosen && document.activeElement !== select) select.value = chosen;
    },
  };
}

function createSwitch(name: string, fault: DemoFault, onSwitched: (isOn: boolean) => void): Control {
  const input = make('input', '', []);
  input.type = 'checkbox';
  input.role = 'switch';
  input.id = name;
  input.addEventListener('change', () => onSwitched(input.checked));
  return {
    node: make('label', 'condition', [input, wordsOf(fault)]),
    show(states) {
      input.checked = states[name]?.isOn === true;
    },
  };
}

function wordsOf({ label, response }: DemoFault): HTMLElement {
  return make('span', 'words', [make('span', '', [label]), make('small', 'muted', [response])]);
}

function createFaultButton(name: string, fault: DemoFault, onClick: () => void): Control {
  const count = make('span', 'count', []);
  const button = make('button', 'fault-button', [wordsOf(fault), count]);
  button.type = 'button';
  button.id = name;
  button.addEventListener('click', onClick);
  return {
    node: button,
    show(states) {
      const { isOn = false, fired = 0 } = states[name] ?? {};
      count.className = isOn ? 'count is-waiting' : 'count';
      const happened = fired === 0 ? '' : `${fired}×`;
      count.textContent = isOn ? 'waiting' : happened;
    },
  };
}
