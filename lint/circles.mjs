/** Circles of run-time imports. */

/** What each file imports at run time, by file: a map of sets. */
export const runTimeGraph = imports => {
  const graph = new Map();
  for (const { importer, imported, isType } of imports) {
    if (!graph.has(importer)) graph.set(importer, new Set());
    if (!isType) graph.get(importer).add(imported);
  }
  return graph;
};

/** A shortest way from one file to another, both included; undefined if there is none. */
export const wayBetween = (graph, start, end) => {
  const cameFrom = new Map([[start, undefined]]);
  for (const file of cameFrom.keys()) {
    if (file === end) {
      const way = [];
      for (let at = end; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
      return way;
    }
    for (const next of graph.get(file) ?? []) {
      if (!cameFrom.has(next)) cameFrom.set(next, file);
    }
  }
  return undefined;
};

/** One circle for each group of files that import each other, as the files on the way round. */
export const circlesOf = graph => {
  const circles = [];
  const seen = new Set();
  for (const [file, imported] of graph) {
    for (const next of imported) {
      if (seen.has(file)) continue;
      const way = wayBetween(graph, next, file);
      if (way === undefined) continue;
      circles.push([file, ...way]);
      for (const member of way) seen.add(member);
    }
  }
  return circles;
};
