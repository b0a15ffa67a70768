/**
 * What endo's compiler has put in place of `import()` and `import.meta`: a module is compiled to a
 * function that is given both, under names that its author cannot have.
 */

/** The names of its parameter. */
const GIVEN = {
  import: /[{,]import:([^,}\s]+)/,
  importMeta: /[{,]importMeta:([^,}\s]+)/,
} as const;

/** `line:column`, from 1, of the first mention; the lines are those of the author. */
const mentionOf = (program: string, name: string, behind: string): string | undefined => {
  const at = program.indexOf(`${name}${behind}`, program.indexOf('=>'));
  if (at === -1) return undefined;
  const lines = program.slice(0, at).split('\n');
  return `${lines.length}:${(lines.at(-1) ?? '').length + 1}`;
};

/** Why a vat cannot run it, with the place; `isOwn`: it is the author's and not a library's. */
export const refusedInCompiled = (program: string, isOwn: boolean): string | undefined => {
  const [, importName] = GIVEN.import.exec(program) ?? [];
  const imported = importName && mentionOf(program, importName, '(');
  if (imported !== undefined) return `${imported}: a vat has no import()`;
  // Libraries ask for it: theirs is empty, as on SES.
  const [, metaName] = GIVEN.importMeta.exec(program) ?? [];
  const meta = isOwn && metaName !== undefined ? mentionOf(program, metaName, '') : undefined;
  return meta && `${meta}: a vat has no import.meta`;
};
