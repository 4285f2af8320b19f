import { Locator } from '@vitest/browser/locators';
import { page } from 'vitest/browser';

/** An element with files that a test chooses. It does not support queries and clicks, which no test uses. */
class ElementLocator extends Locator {
  override readonly selector = '';
  readonly #element: Element;
  constructor(element: Element) {
    super();
    this.#element = element;
  }
  override async upload(files: unknown): Promise<void> {
    const transfer = new DataTransfer();
    for (const file of [files].flat()) transfer.items.add(file as File);
    (this.#element as HTMLInputElement).files = transfer.files;
    for (const type of ['input', 'change'])
      this.#element.dispatchEvent(new Event(type, { bubbles: true, composed: type === 'input' }));
  }
  protected override locator(): Locator {
    return this;
  }
  protected override elementLocator(element: Element): Locator {
    return new ElementLocator(element);
  }
}

page.extend({ elementLocator: (element: Element) => new ElementLocator(element) });
