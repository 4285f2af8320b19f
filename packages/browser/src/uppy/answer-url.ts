/** What an answer holds: elements by name, each once or, as a list, several times. */
export interface AnswerElements {
  readonly [name: string]: string | AnswerElements | readonly AnswerElements[];
}

/** A `data:` URL, which a browser answers by itself, whatever the method: with these elements as XML. */
export function answerOf(elements: AnswerElements): string {
  return `data:application/xml,${encodeURIComponent(xmlOf(elements))}`;
}

function xmlOf(elements: AnswerElements): string {
  return Object.entries(elements)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => element(name, each)))
    .join('');
}

function element(name: string, value: string | AnswerElements): string {
  return `<${name}>${typeof value === 'string' ? escaped(value) : xmlOf(value)}</${name}>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
