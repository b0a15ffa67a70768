/**
 * Links the modules of an archive to one script, as ECMAScript links modules.
 *
 * Which binding a name stands for is settled here, through any number of `export … from` and
 * `export *`, in cycles as well: of two `export *` with one name for two bindings there is none, no
 * `export *` gives a default. What the script does when it is evaluated is archive-runtime.ts.
 *
 * Errors name the module as the archive does: package and path.
 */
import { moduleFunctor, type ModuleFunctor } from '@heirloom/worker/module-functor';
import { required } from '@heirloom/store/types';
import { moduleComment } from './archive-places.js';
import { ARCHIVE_RUNTIME } from './archive-runtime.js';
import { refusedInCompiled } from './compiled-modules.js';
import { refusalIn, told } from './refusals.js';

/** An ES module as `@endo/module-source` compiles it. */
export interface CompiledEsm {
  readonly imports: readonly string[];
  /** The specifiers of `export *`. */
  readonly reexports: readonly string[];
  readonly __syncModuleProgram__: string;
  /** Exported name to local name. */
  readonly __fixedExportMap__?: Readonly<Record<string, readonly [local: string]>>;
  /** The same for what may change, and whether the module assigns it. */
  readonly __liveExportMap__?: Readonly<Record<string, readonly [string, isAssigned: boolean]>>;
  /** Specifier to pairs of imported name, or `*`, and exported name. */
  readonly __reexportMap__?: Readonly<Record<string, readonly (readonly [string, string])[]>>;
}

/** A CommonJS module. Names are those that its text shows. */
export interface CompiledCjs {
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  /** `module.exports = require(…)`: these give their names. */
  readonly reexports: readonly string[];
  /** A function of require, exports, module, file name and directory. */
  readonly source: string;
}

export type CompiledModule =
  | { readonly kind: 'es'; readonly compiled: CompiledEsm }
  | { readonly kind: 'cjs'; readonly compiled: CompiledCjs }
  /** `source`: an expression that makes the default export. */
  | { readonly kind: 'value'; readonly source: string }
  /** What could not be found when the archive was made. */
  | { readonly kind: 'missing'; readonly why: string };

export interface LinkedModule {
  /** For messages. */
  readonly name: string;
  readonly module: CompiledModule;
  /** Of the package of the entry: an author's own. */
  readonly isOwn: boolean;
  /** The modules that its specifiers stand for. */
  readonly requests: ReadonlyMap<string, LinkedModule>;
}

/** A local of an ES module, an exported name of another, or `*` for the namespace. */
interface Binding {
  readonly of: LinkedModule;
  readonly local: string;
}

/** More than a bundle may have: names that are passed on and on are many before they are long. */
const SCRIPT_LENGTH_MAX = 15_000_000;
const TOO_LONG = `its modules together are over ${SCRIPT_LENGTH_MAX} characters`;

const NAMESPACE = '*';
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

const sorted = (names: Iterable<string>): string[] =>
  [...names].sort((a, b) => (a < b ? -1 : Number(a > b)));

const requested = (module: LinkedModule, specifier: string): LinkedModule =>
  required(module.requests.get(specifier), `${specifier} of ${module.name}`);

const notExported = ({ name: module }: LinkedModule, name: string): string =>
  `${module} has no export ${JSON.stringify(name)}`;

/** One ES module: what it exports itself, and by what it passes names on. */
class EsModule {
  readonly functor: ModuleFunctor;
  /** Local name of what is its own, whether the module assigns it. */
  readonly locals = new Map<string, boolean>();
  readonly own = new Map<string, string>();
  readonly indirect = new Map<string, readonly [LinkedModule, string]>();
  readonly passedOn = new Set<string>();
  readonly stars: readonly LinkedModule[];

  constructor(linked: LinkedModule, compiled: CompiledEsm) {
    const { __fixedExportMap__: fixed = {}, __liveExportMap__: live = {} } = compiled;
    for (const [name, [local]] of Object.entries(fixed)) this.#add(name, local, false);
    for (const [name, [local, isAssigned]] of Object.entries(live)) {
      this.#add(name, local, isAssigned);
    }
    const assigned = [...this.locals].filter(([, isAssigned]) => isAssigned).map(([name]) => name);
    this.functor = moduleFunctor(compiled.__syncModuleProgram__, new Set(assigned));
    for (const { specifier, name, passedOn } of this.functor.imported) {
      for (const local of passedOn) this.#passOn(local, requested(linked, specifier), name);
    }
    for (const [specifier, pairs] of Object.entries(compiled.__reexportMap__ ?? {})) {
      const from = requested(linked, specifier);
      for (const [imported, exported] of pairs) this.indirect.set(exported, [from, imported]);
    }
    this.stars = compiled.reexports.map(specifier => requested(linked, specifier));
  }

  /** What is imported and exported again is the other module's, also for `export *`. */
  #passOn(local: string, from: LinkedModule, imported: string): void {
    this.passedOn.add(local);
    for (const [name, its] of this.own) {
      if (its !== local) continue;
      this.own.delete(name);
      this.indirect.set(name, [from, imported]);
    }
  }

  #add(exported: string, local: string, isAssigned: boolean): void {
    if (!IDENTIFIER.test(local)) throw SyntaxError(`${JSON.stringify(local)} is no variable`);
    this.locals.set(local, isAssigned || this.locals.get(local) === true);
    this.own.set(exported, local);
  }
}

/** What a name comes to: a binding, several that differ, or nothing. */
type Resolution = Binding | 'ambiguous' | undefined;

class Linker {
  readonly #modules: readonly LinkedModule[];
  readonly #indices: ReadonlyMap<LinkedModule, number>;
  readonly #es = new Map<LinkedModule, EsModule>();
  /** What is settled, so that no module is asked again: what others need comes first. */
  readonly #names = new Map<LinkedModule, ReadonlySet<string>>();
  readonly #settled = new Map<string, Resolution>();

  constructor(modules: readonly LinkedModule[]) {
    this.#modules = modules;
    this.#indices = new Map(modules.map((module, index) => [module, index]));
    for (const linked of modules) {
      const { module, name } = linked;
      if (module.kind !== 'es') continue;
      const why = refusedInCompiled(module.compiled.__syncModuleProgram__, linked.isOwn);
      if (why !== undefined) throw SyntaxError(`${name}:${why}`);
      for (const { module: needed } of linked.requests.values()) {
        if (needed.kind === 'missing') throw Error(`${name}: ${needed.why}`);
      }
      try {
        this.#es.set(linked, new EsModule(linked, module.compiled));
      } catch (error) {
        const [why, place] = told(error, module.compiled.__syncModuleProgram__);
        throw SyntaxError(refusalIn(name, why, place), { cause: error });
      }
    }
  }

  /** An expression whose value is the namespace of `entry`. */
  script(entry: LinkedModule): string {
    let length = 0;
    const modules = this.#modules.map(module => {
      const text = `${moduleComment(module.name)}\n${this.#record(module)},\n`;
      length += text.length;
      if (length > SCRIPT_LENGTH_MAX) throw RangeError(TOO_LONG);
      return text;
    });
    return `(${ARCHIVE_RUNTIME})([\n${modules.join('')}],${this.#indexOf(entry)})`;
  }

  #indexOf(module: LinkedModule): number {
    return required(this.#indices.get(module), module.name);
  }

  #record(linked: LinkedModule): string {
    const { module } = linked;
    if (module.kind === 'value') return `['value',()=>${module.source}]`;
    if (module.kind !== 'cjs') return this.#esRecord(linked);
    const names = JSON.stringify(sorted(this.#exportNames(linked)));
    return `['cjs',${this.#requests(linked)},${names},${module.compiled.source}\n]`;
  }

  #esRecord(linked: LinkedModule): string {
    const { locals, passedOn, functor } = required(this.#es.get(linked), linked.name);
    const all = [...locals.keys()].map(local => [local, !passedOn.has(local)]);
    const assigned = [...locals].filter(([, isAssigned]) => isAssigned).map(([local]) => local);
    const exported: [string, number, string][] = [];
    for (const name of sorted(this.#exportNames(linked))) {
      const binding = this.#bindingOf(linked, name);
      if (binding === 'ambiguous') continue;
      if (binding === undefined) throw SyntaxError(notExported(linked, name));
      exported.push([name, this.#indexOf(binding.of), binding.local]);
    }
    for (const { specifier, name } of functor.imported) {
      const from = requested(linked, specifier);
      const binding = this.#bindingOf(from, name);
      if (binding !== undefined && binding !== 'ambiguous') continue;
      throw SyntaxError(`${linked.name}: ${notExported(from, name)}`);
    }
    const parts = [all, assigned, exported].map(part => JSON.stringify(part)).join();
    return `['es',${this.#requests(linked)},${parts},${functor.source}]`;
  }

  /** A record that inherits nothing. What CommonJS asks for may be missing until it is required. */
  #requests({ requests }: LinkedModule): string {
    const entries = [...requests].map(([specifier, target]) => {
      const { module } = target;
      const is = module.kind === 'missing' ? JSON.stringify(module.why) : this.#indexOf(target);
      return `[${JSON.stringify(specifier)}]:${is}`;
    });
    return `{__proto__:null,${entries.join()}}`;
  }

  /** Every name that a module may export; some may be ambiguous. */
  #exportNames(linked: LinkedModule): ReadonlySet<string> {
    const names = this.#namesOf(linked, new Set());
    this.#names.set(linked, names);
    return names;
  }

  #namesOf(linked: LinkedModule, seen: Set<LinkedModule>): ReadonlySet<string> {
    const known = this.#names.get(linked);
    if (known !== undefined) return known;
    const names = new Set<string>();
    if (seen.has(linked)) return names;
    seen.add(linked);
    const { module } = linked;
    const addAll = (from: LinkedModule): void => {
      for (const name of this.#namesOf(from, seen)) if (name !== 'default') names.add(name);
    };
    if (module.kind === 'value') names.add('default');
    else if (module.kind === 'cjs') {
      for (const name of [...module.compiled.exports, 'default']) names.add(name);
      for (const specifier of module.compiled.reexports) {
        const from = linked.requests.get(specifier);
        if (from !== undefined) addAll(from);
      }
    } else if (module.kind === 'es') {
      const { own, indirect, stars } = required(this.#es.get(linked), linked.name);
      for (const name of [...own.keys(), ...indirect.keys()]) names.add(name);
      stars.forEach(addAll);
    }
    return names;
  }

  #bindingOf(of: LinkedModule, name: string): Resolution {
    const resolution = this.#resolve(of, name, new Set());
    this.#settled.set(this.#keyOf(of, name), resolution);
    return resolution;
  }

  #keyOf(of: LinkedModule, name: string): string {
    return `${this.#indexOf(of)} ${name}`;
  }

  /** ECMAScript's ResolveExport. `seen` breaks cycles. */
  #resolve(of: LinkedModule, name: string, seen: Set<string>): Resolution {
    const es = this.#es.get(of);
    if (name === NAMESPACE) return { of, local: NAMESPACE };
    if (es === undefined) {
      // A CommonJS module may export more than its text shows: the run tells.
      return of.module.kind === 'cjs' || name === 'default' ? { of, local: name } : undefined;
    }
    const key = this.#keyOf(of, name);
    if (this.#settled.has(key)) return this.#settled.get(key);
    if (seen.has(key)) return undefined;
    seen.add(key);
    const local = es.own.get(name);
    if (local !== undefined) return { of, local };
    const indirect = es.indirect.get(name);
    if (indirect !== undefined) return this.#resolve(indirect[0], indirect[1], seen);
    return name === 'default' ? undefined : this.#resolveStars(es, name, seen);
  }

  #resolveStars({ stars }: EsModule, name: string, seen: Set<string>): Resolution {
    let found: Resolution;
    for (const star of stars) {
      const isCjs = star.module.kind === 'cjs';
      if (isCjs && !this.#exportNames(star).has(name)) continue;
      const resolution = this.#resolve(star, name, seen);
      if (resolution === 'ambiguous') return resolution;
      if (resolution === undefined) continue;
      if (found === undefined) found = resolution;
      else if (found === 'ambiguous') return found;
      else if (found.of !== resolution.of || found.local !== resolution.local) return 'ambiguous';
    }
    return found;
  }
}

/**
 * The script whose completion value is the namespace of `entry`, one of `modules`.
 *
 * Errors: SyntaxError for a name that the module it is imported from does not export, and for what
 * a vat has not; Error for a module that could not be found when the archive was made.
 */
export const linkArchive = (modules: readonly LinkedModule[], entry: LinkedModule): string =>
  new Linker(modules).script(entry);
