import { ACCIDENTS, CONDITIONS, LINKS, type Misbehaviour, type MisbehaviourState } from '../misbehaviours.ts';
import type { Log } from './log.ts';
import { make, nodeOf } from './nodes.ts';

type States = Readonly<Record<string, MisbehaviourState>>;

/** A control, and how it shows what the server tells. */
interface Control {
  readonly node: HTMLElement;
  show(states: States): void;
}

/** The panel whose every control makes OSS err through the server. Its counters follow what happens. */
export function showMisbehaviours(log: Pick<Log, 'add'>): void {
  async function change(request: RequestInit): Promise<void> {
    const states = await ask(request).catch(() => undefined);
    if (states === undefined) log.add('The server', 'does not answer', 'trouble');
    else show(states);
  }

  function set(name: string, isOn: boolean): void {
    const headers = { 'content-type': 'application/json' };
    void change({ method: 'POST', body: JSON.stringify({ name, isOn }), headers });
  }

  const links = createLinks((name, label) => {
    log.add('The link', `is now: ${label}`, 'plain');
    set(name, true);
  });
  const conditions = Object.entries(CONDITIONS).map(([name, misbehaviour]) =>
    createSwitch(name, misbehaviour, (isOn) => {
      log.add('OSS', `${isOn ? 'errs' : 'errs no more'}: ${misbehaviour.label}`, isOn ? 'trouble' : 'plain');
      set(name, isOn);
    }),
  );
  const accidents = Object.entries(ACCIDENTS).map(([name, misbehaviour]) =>
    createAccident(name, misbehaviour, () => {
      log.add('OSS', `will err: ${misbehaviour.label}`, 'trouble');
      set(name, true);
    }),
  );
  const controls: readonly Control[] = [links, ...conditions, ...accidents];

  function show(states: States): void {
    for (const control of controls) control.show(states);
  }

  nodeOf('section#misbehaviours').append(
    links.node,
    group('As long as it is on', conditions),
    group('Once, to what comes next', accidents),
  );
  nodeOf('button#behave').addEventListener('click', () => {
    log.add('OSS', 'behaves again', 'plain');
    void change({ method: 'DELETE' });
  });
  void follow(show);
}

async function ask(request: RequestInit = {}): Promise<States> {
  const answer = await fetch('/demo/misbehaviours', request);
  if (!answer.ok) throw new Error(`the demonstration answered ${answer.status}`);
  return await answer.json();
}

/** Asks once a second, as long as the server is there and the page is looked at. */
async function follow(show: (states: States) => void): Promise<void> {
  const states = document.hidden ? {} : await ask().catch(() => undefined);
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

function createSwitch(
  name: string,
  misbehaviour: Misbehaviour,
  onSwitched: (isOn: boolean) => void,
): Control {
  const input = make('input', '', []);
  input.type = 'checkbox';
  input.role = 'switch';
  input.id = name;
  input.addEventListener('change', () => onSwitched(input.checked));
  return {
    node: make('label', 'condition', [input, wordsOf(misbehaviour)]),
    show(states) {
      input.checked = states[name]?.isOn === true;
    },
  };
}

function wordsOf({ label, copes }: Misbehaviour): HTMLElement {
  return make('span', 'words', [make('span', '', [label]), make('small', 'muted', [copes])]);
}

function createAccident(name: string, misbehaviour: Misbehaviour, onAsked: () => void): Control {
  const count = make('span', 'count', []);
  const button = make('button', 'accident', [wordsOf(misbehaviour), count]);
  button.type = 'button';
  button.id = name;
  button.addEventListener('click', onAsked);
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
