import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, type Document, type Node } from "yaml";

/** 1-based. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends SourcePlace {
  readonly message: string;
}

/** A YAML or JSON text (JSON is read as the YAML that it also is) which can tell where each of its fields stands. */
export class SourceText {
  private readonly counter = new LineCounter();
  private readonly document: Document;

  constructor(text: string) {
    this.document = parseDocument(text, { lineCounter: this.counter, prettyErrors: false });
  }

  /** What keeps the text from being read. Empty when it can be. */
  get problems(): readonly SyntaxProblem[] {
    return [...this.document.errors, ...this.document.warnings].map((error) => ({
      ...this.placeAt(error.pos[0]),
      message: error.message,
    }));
  }

  /** The parsed value: plain objects, lists, strings, numbers, booleans and null. */
  value(): unknown {
    // Aliases are of no use in a file of this size and can blow a few lines up to gigabytes.
    return this.document.toJS({ maxAliasCount: 0 });
  }

  /** Where a field stands, or the nearest group around it that the file does have. */
  placeOf(path: readonly (string | number)[]): SourcePlace {
    for (let length = path.length; length > 0; length--) {
      const node = this.nodeAt(path.slice(0, length));
      if (node?.range) return this.placeAt(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** Where the name of a field stands, which is what a message about an unknown field should point at. */
  placeOfName(path: readonly (string | number)[]): SourcePlace {
    const parent = path.length === 1 ? this.document.contents : this.nodeAt(path.slice(0, -1));
    const name = path.at(-1);
    const pair = isMap(parent)
      ? parent.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === name)
      : undefined;
    return isScalar(pair?.key) && pair.key.range ? this.placeAt(pair.key.range[0]) : this.placeOf(path);
  }

  private nodeAt(path: readonly (string | number)[]): Node | undefined {
    const node: unknown = this.document.getIn(path, true);
    return isNode(node) ? node : undefined;
  }

  private placeAt(offset: number): SourcePlace {
    const { line, col } = this.counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}
