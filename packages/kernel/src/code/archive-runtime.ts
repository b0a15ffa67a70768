/**
 * What links the modules of an archive when their script is evaluated: the text of a function of
 * the modules and the index of the entry, which gives the entry's namespace.
 *
 * Modules run in the order of ECMAScript: what a module imports before itself, each once, cycles
 * broken at what runs already. CommonJS modules run when they are required, as in Node. A module is
 * one of these arrays; indices are those of modules:
 *
 * | kind | behind it |
 * | --- | --- |
 * | `es` | requests, locals, assigned locals, exports, `(live, begin, value) => functor` |
 * | `cjs` | requests, names that it is known to export, functor |
 * | `value` | a function that makes the default export |
 *
 * Requests relate specifiers to modules, in CommonJS also to the text of an error. An export is a
 * name, a module and that module's local (of CommonJS, its exported) name, or `*`: its namespace.
 *
 * A *cell* is a binding: unset until its module gives it a value. Importers have copies of what is
 * in it, which they update as they are told: compiled modules are made so.
 */
export const ARCHIVE_RUNTIME = `(modules, entry) => {
  const { create, defineProperty, freeze, keys } = Object;
  const fail = (make, message) => {
    throw make(message);
  };
  const makeCell = name => {
    let value;
    let isSet = false;
    const watchers = [];
    const get = () =>
      isSet ? value : fail(ReferenceError, "Cannot access '" + name + "' before initialization");
    const set = next => {
      value = next;
      isSet = true;
      for (const watcher of watchers) watcher(next);
    };
    const watch = watcher => {
      watchers.push(watcher);
      if (isSet) watcher(value);
    };
    return { get, set, watch, isSet: () => isSet };
  };
  const records = modules.map(([kind, ...parts]) => {
    const namespace = create(null, { [Symbol.toStringTag]: { value: 'Module' } });
    return { kind, parts, namespace, cells: new Map(), state: 'new', error: undefined };
  });
  const cellOf = (record, name) => {
    let cell = record.cells.get(name);
    if (cell === undefined) {
      cell = makeCell(name);
      record.cells.set(name, cell);
    }
    return cell;
  };
  const addName = ({ namespace }, name, get) => {
    defineProperty(namespace, name, { get, enumerable: true, configurable: false });
  };
  const setterOf = (record, name) => value => cellOf(record, name).set(value);
  // What is imported: a cell, or undefined for the namespace.
  const bindingOf = (index, name) => {
    const record = records[index];
    if (name === '*') return { record, cell: undefined };
    if (record.kind !== 'es') return { record, cell: cellOf(record, name) };
    const [, target, local] = record.parts[3].find(([exported]) => exported === name);
    if (local === '*') return { record: records[target], cell: undefined };
    return { record: records[target], cell: cellOf(records[target], local) };
  };

  const runEs = (record, run) => {
    const [requests, locals, assigned, , make] = record.parts;
    const asked = [];
    const live = create(null);
    for (const name of assigned) {
      const cell = cellOf(record, name);
      const set = value => {
        cell.get();
        cell.set(value);
      };
      defineProperty(live, name, { get: cell.get, set });
    }
    const begin = () => {
      for (const { index, names, specifier } of asked) {
        run(index);
        for (const [name] of names) {
          const { record: target, cell } = bindingOf(index, name);
          if (cell === undefined || cell.isSet() || target.kind === 'es') continue;
          if (target.state !== 'done') continue;
          fail(SyntaxError, "The module '" + specifier + "' has no export '" + name + "'");
        }
      }
    };
    const imports = entries => {
      for (const [specifier, names] of entries) {
        const index = requests[specifier];
        asked.push({ index, names, specifier });
        for (const [name, watchers] of names) {
          const { record: target, cell } = bindingOf(index, name);
          for (const watcher of watchers) {
            if (cell === undefined) watcher(target.namespace);
            else cell.watch(watcher);
          }
        }
      }
    };
    const vars = create(null);
    for (const [name, isOwn] of locals) {
      vars[name] = isOwn ? setterOf(record, name) : () => {};
    }
    freeze(vars);
    const functor = make(freeze(live), begin, value => value);
    functor(freeze({ imports, liveVar: vars, onceVar: vars, importMeta: create(null) }));
  };

  const exportsOf = record => {
    if (record.kind === 'cjs') return record.module.exports;
    const { namespace } = record;
    return 'default' in namespace ? namespace.default : namespace;
  };
  const notFound = message =>
    defineProperty(Error(message), 'code', { value: 'MODULE_NOT_FOUND', configurable: true });
  const runCjs = (record, run) => {
    const [requests, , functor] = record.parts;
    const module = { exports: {} };
    record.module = module;
    const setDefault = setterOf(record, 'default');
    setDefault(module.exports);
    const require = specifier => {
      const request = requests[specifier];
      if (request === undefined) fail(notFound, "Cannot find module '" + specifier + "'");
      if (typeof request === 'string') fail(notFound, request);
      run(request);
      return exportsOf(records[request]);
    };
    require.resolve = freeze(name => fail(notFound, "Cannot find module '" + name + "'"));
    const { exports } = module;
    functor.call(exports, freeze(require), exports, module, null, null);
    const given = module.exports;
    setDefault(given);
    const isKnown = new Set(keys(record.namespace));
    const found = Object(given) === given ? keys(given) : [];
    for (const name of new Set([...isKnown, ...found])) {
      if (name === 'default') continue;
      const cell = cellOf(record, name);
      if (!isKnown.has(name)) addName(record, name, cell.get);
      cell.set(Object(given) === given ? given[name] : undefined);
    }
    freeze(record.namespace);
  };
  const runValue = record => setterOf(record, 'default')(record.parts[0]());

  const kinds = { es: runEs, cjs: runCjs, value: runValue };
  const run = index => {
    const record = records[index];
    if (record.state === 'failed') throw record.error;
    if (record.state !== 'new') return;
    record.state = 'running';
    try {
      kinds[record.kind](record, run);
    } catch (error) {
      record.state = 'failed';
      record.error = error;
      throw error;
    }
    record.state = 'done';
  };

  for (const record of records) {
    const { kind, parts, namespace } = record;
    if (kind === 'es') {
      for (const [name, target, local] of parts[3]) {
        const { namespace: other } = records[target];
        addName(record, name, local === '*' ? () => other : cellOf(records[target], local).get);
      }
    } else {
      for (const name of kind === 'cjs' ? parts[1] : ['default']) {
        addName(record, name, cellOf(record, name).get);
      }
    }
    if (kind !== 'cjs') freeze(namespace);
  }
  run(entry);
  return records[entry].namespace;
}`;
