/** The element of the page for a selector, with the type of its tag. */
export function nodeOf<Selector extends string>(selector: Selector): NodeOf<Selector> {
  const node = document.querySelector(selector);
  if (node === null) throw new Error(`the page has no ${selector}`);
  return node as Element as NodeOf<Selector>;
}

type NodeOf<Selector extends string> = Selector extends `${infer Tag}#${string}`
  ? ByTag<Tag>
  : Selector extends `${infer Tag}.${string}`
    ? ByTag<Tag>
    : ByTag<Selector>;
type ByTag<Tag> = Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}
