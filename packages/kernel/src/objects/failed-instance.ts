/** A stored state that its kind's migration has refused, as whoever asked is told. */
import {
  MIGRATION_REASON_CHARS_MAX,
  durableRef,
  readAsciiText,
  readTag,
  type FailedMigration,
} from '@heirloom/worker';

/** A state that stays in its old version. */
export interface FailedInstance {
  /** The kind's tag. */
  readonly kind: string;
  /** What the vat calls the instance: `o+d{kind}/{instance}`. */
  readonly instance: string;
  /** That the state is in. */
  readonly version: number;
  /** What `migrate` threw, or what is wrong with what it returned. */
  readonly reason: string;
}

/** As it is told; `tag` and `reason` have been checked. */
export const failureOf = (failed: FailedMigration): FailedInstance => {
  const [kind, instance, version, tag, reason] = failed;
  return {
    kind: readTag(tag) ?? '?',
    instance: durableRef(kind, instance),
    version,
    reason: readAsciiText(reason, MIGRATION_REASON_CHARS_MAX) ?? '?',
  };
};
