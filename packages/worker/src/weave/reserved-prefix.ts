/** No script of vat code may contain an identifier that begins so: they are the weaver's. */
export const RESERVED_PREFIX = '$heirloom_';
