/** An element that pages can style by `::part(...)`, and the element's own sheet by `[part~=...]`. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  part: string,
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.setAttribute('part', part);
  made.append(...children);
  return made;
}

/** A button that submits no form. */
export function makeButton(part: string, onPress: () => void): HTMLButtonElement {
  const button = make('button', `button ${part}`);
  button.type = 'button';
  button.addEventListener('click', () => {
    if (button.ariaDisabled !== 'true') onPress();
  });
  return button;
}

/** What stays as it is must not be written: screen readers may read it again. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function setProgress(progress: HTMLProgressElement, value: number, max: number): void {
  // A file of no bytes has a bar too, and a bar of 0 is none.
  progress.max = Math.max(1, max);
  progress.value = max === 0 ? value : Math.min(value, max);
}
