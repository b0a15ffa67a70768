/**
 * Where the modules of an archive stand in its script: archive-linker.ts puts the name of each on
 * the line before its first, in a comment, and changes no line of a module. For traces alone.
 */
import { linesOf } from '@heirloom/worker/plain-places';

/** These end a line in a script, and not in JSON. */
const LINE_ENDS_BESIDE = /[\u2028\u2029]/g;

/** The line before a module. */
export const moduleComment = (name: string): string =>
  `//@ ${JSON.stringify(name.replace(LINE_ENDS_BESIDE, ' '))}`;

const COMMENT = /^\/\/@ (".*")$/;

interface ModulePart {
  readonly name: string;
  /** Of its first line, from 0. */
  readonly line: number;
}

const nameIn = (quoted: string): string | undefined => {
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === 'string' ? name : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // a comment of the author's
    throw error;
  }
};

export class ArchivePlaces {
  readonly #parts: readonly ModulePart[];

  constructor(script: string) {
    this.#parts = linesOf(script).flatMap((text, at) => {
      const [, quoted] = COMMENT.exec(text) ?? [];
      const name = quoted === undefined ? undefined : nameIn(quoted);
      return name === undefined ? [] : [{ name, line: at + 1 }];
    });
  }

  /** The line that a module begins with, from 0. */
  lineOf(module: string): number | undefined {
    return this.#parts.find(({ name }) => name === module)?.line;
  }

  /**
   * A module with line and column, from 1; undefined where none is. Before its own first line a
   * module has what the compiler has put there: no column is known on it.
   */
  find({ line, column }: { readonly line: number; readonly column: number }): string | undefined {
    const part = this.#parts.findLast(each => each.line <= line);
    if (part === undefined) return undefined;
    const own = line - part.line;
    return own === 0 ? `${part.name}:1` : `${part.name}:${own + 1}:${column + 1}`;
  }
}
