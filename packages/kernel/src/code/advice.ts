/** What an author can do instead of what a vat has not, as docs/vat-code.md has it. */

const INSTEAD: readonly (readonly [why: RegExp, instead: string])[] = [
  [/a vat has no import\(\)$/, 'instead: `import … from`'],
  [/a vat has no import\.meta$/, 'instead: vat parameters'],
  [/a vat has no top-level await$/, 'instead: an async buildRootObject, or an async function'],
  [/a vat has no modules of (?:Node|its host): "[^"]*"$/, 'instead: host objects'],
  [
    /a vat (?:imports files and installed packages: not|loads nothing from) "[^"]*"$/,
    'instead: install the package, and import it by its name',
  ],
  [/a vat has no decorators$/, 'instead: call the function'],
  [/a vat has no "[^"]*" files: .*$/, 'instead: JSON, a text (.txt), vat parameters'],
  [/\$heirloom_[\w$]* is reserved$/, 'instead: another name'],
  [/a tagged template may not contain \S*$/, 'instead: a call with a text'],
  [/Invalid regular expression: .*$/, 'instead: what Node 20 takes, as replicas may run it'],
  [
    / in strict mode$|Argument name clash$|The keyword '\w+' is reserved$/,
    'vats run all code as strict, CommonJS too',
  ],
];

/** The same line with it. */
export const advised = (line: string): string => {
  const [, instead] = INSTEAD.find(([why]) => why.test(line)) ?? [];
  return instead === undefined ? line : `${line}; ${instead}`;
};
