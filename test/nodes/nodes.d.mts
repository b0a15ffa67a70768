export declare const VERSIONS: Readonly<Record<string, string>>;
export declare const PACKAGE: string;
export declare const PLACE: string;
export declare const binOf: (line: string) => string;
export declare const fetched: () => string[];
