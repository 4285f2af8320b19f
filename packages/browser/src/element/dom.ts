/** Creates an element. Pages style it by `::part(...)`, and the element's own sheet by `[part~=...]`. */
export function createPart<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  part: string,
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  element.setAttribute('part', part);
  element.append(...children);
  return element;
}

/** Creates a button that does not submit a form. */
export function createButton(part: string, onPress: () => void): HTMLButtonElement {
  const button = createPart('button', `button ${part}`);
  button.type = 'button';
  button.addEventListener('click', () => {
    if (button.ariaDisabled !== 'true') onPress();
  });
  return button;
}

/** Writes a changed text only: screen readers may read a written text again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function setProgress(progress: HTMLProgressElement, value: number, max: number): void {
  // An empty file also has a progress bar, and its `max` must be greater than 0.
  progress.max = Math.max(1, max);
  progress.value = max === 0 ? value : Math.min(value, max);
}
