/** The vat's side of the model, as code for a workbench. */

/** Objects by number, in registries that are stores themselves; what a step gives, as the model. */
export const VAT = `
  const provide = (name, make) => {
    if (!baggage.has(name)) baggage.init(name, make());
    return baggage.get(name);
  };
  const handle = name => provide(name, () => VatData.makeKindHandle(name));
  const init = (p, q, r) => harden({ p, q, r });
  const get = ({ state }, name) => state[name];
  const set = ({ state }, name, value) => { state[name] = value; };
  const facet = ({ facets }, name) => facets[name];
  const [one, kit] = [{ get, set }, { a: { get, set, facet }, b: { get, facet } }];
  const makers = {
    one: [VatData.defineKind('one', init, one),
      VatData.defineDurableKind(handle('one'), init, one)],
    kit: [VatData.defineKindMulti('kit', init, kit),
      VatData.defineDurableKindMulti(handle('kit'), init, kit)],
  };
  const registries = [VatData.makeScalarBigMapStore('objects'),
    provide('objects', () => VatData.makeScalarBigMapStore('objects', { durable: true }))];
  const names = new WeakMap();
  const held = new Map();
  const name = (id, it) => {
    if (it.facet === undefined) names.set(it, ['ref', id, '']);
    else for (const facet of ['a', 'b']) names.set(it.facet(facet), ['ref', id, facet]);
  };
  for (const [id, it] of registries[1].entries()) name(id, it);
  const create = (type, isDurable, fields) => {
    if (type === 'far') return Far('far', {});
    if (makers[type] === undefined) {
      return VatData['makeScalarBig' + type](type, { durable: isDurable });
    }
    const made = makers[type][Number(isDurable)](...fields);
    return made.a ?? made;
  };
  const keep = (id, isDurable, it) => {
    registries[Number(isDurable)].init(id, it);
    name(id, it);
  };
  Object.assign(globalThis, {
    make: (id, type, isDurable, fields) => keep(id, isDurable, create(type, isDurable, fields)),
    import: (id, it) => keep(id, true, it),
    o: (id, facet) => {
      const it = registries[registries[1].has(id) ? 1 : 0].get(id);
      return facet && it.facet !== undefined ? it.facet(facet) : it;
    },
    hold: (id, isHeld) => { if (isHeld) held.set(id, o(id)); else held.delete(id); },
    shown: it => {
      if (Array.isArray(it)) return ['list', ...it.map(shown)];
      return passStyleOf(it) === 'remotable' ? names.get(it) : it;
    },
    attempt: step => {
      try {
        return shown(harden(step()));
      } catch ({ message }) {
        return ['refused', ['not durable', 'not found', 'already registered', 'cannot be added']
          .find(text => message.includes(text)) ?? message];
      }
    },
  });
`;
