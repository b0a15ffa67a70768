import { lexer, Marked } from 'marked';

const TEXT = `
# Title

* a **b** \`c\`
* [link](http://x.y "t")

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`js
1 < 2
\`\`\`
`;

export const use = async () => {
  const shouting = new Marked({
    renderer: { strong: ({ text }) => `<b>${text.toUpperCase()}</b>` },
  });
  return [
    new Marked().parse(TEXT),
    shouting.parseInline('a **b**'),
    await new Marked({ async: true }).parse('*x*'),
    lexer('a\n\nb').map(it => it.type),
  ];
};
