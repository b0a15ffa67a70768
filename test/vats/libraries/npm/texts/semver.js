import semver from 'semver';

export const use = () => [
  ['^1.0.0', '~1.2', '>=1.2.3 <2', '1.x || 3', '<1'].map(range => semver.satisfies('1.2.3', range)),
  [
    semver.inc('1.2.3', 'minor'),
    semver.inc('1.2.3-a.1', 'prerelease'),
    semver.diff('1.0.0', '2.1.0'),
  ],
  semver.sort(['2.0.0', '1.0.0', '1.0.0-rc.2', '1.0.0-rc.10']),
  [
    semver.coerce('v3.4').version,
    semver.valid('1.2'),
    semver.maxSatisfying(['1.1.0', '1.9.0'], '1'),
  ],
  new semver.Range('^0.2 || ~3').range,
];
