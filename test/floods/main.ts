/** `npm run floods`: messages of 10 MB under every road, and the memory that the kernel takes. */
import CliTable from 'cli-table3';
import { InvalidArgumentError, Option } from 'commander';
import { commandOf, number, runCommand, type CommonFlags } from '../endurance/command.js';
import { AFTER_MIB_MAX, findingsIn, PEAK_MIB_MAX, runFloods, type RoadReport } from './floods.js';
import { isRoad, ROAD_TEXTS, ROADS, type Road } from './roads.js';

interface Flags extends CommonFlags {
  readonly messages: number;
  readonly road: readonly Road[];
  readonly isolation: 'process' | 'thread';
}

const DESCRIPTION =
  'Floods a kernel with messages of 10 MB, by each road alone, and looks at the anonymous memory ' +
  `of its process: it may have ${PEAK_MIB_MAX} MiB, and falls back under ${AFTER_MIB_MAX} MiB. ` +
  'Others must be answered meanwhile. Exit status 1 if one of these does not hold. Linux only. ' +
  `A thousand messages take up to 30 GB of disk. The roads:\n\n` +
  ROADS.map(road => `  ${road.padEnd(16)}${ROAD_TEXTS[road]}`).join('\n');

const MEMORY_HEADINGS = ['before', 'peak', 'after', 'vats'];
const HEADINGS = ['road', 'messages', 'fulfilled', ...MEMORY_HEADINGS, 'others', 's'];

const tell = (reports: readonly RoadReport[]): string => {
  const table = new CliTable({ head: HEADINGS, style: { head: [], border: [], compact: true } });
  for (const report of reports) {
    const { road, messages, fulfilled, beforeMiB, peakMiB, afterMiB, answered, seconds } = report;
    const { vatsPeakMiB, vatsAfterMiB } = report;
    const memory = [beforeMiB, peakMiB, afterMiB, `${vatsPeakMiB}, ${vatsAfterMiB}`];
    table.push([road, messages, fulfilled, ...memory, answered, seconds].map(String));
  }
  const findings = reports.flatMap(findingsIn);
  const verdict = findings.length === 0 ? 'All held.' : `WRONG: ${findings.join('; ')}`;
  const legend = 'Anonymous memory in MiB; vats: at most, after; others: calls answered meanwhile.';
  return [table.toString(), legend, verdict].join('\n');
};

const roadOf = (name: string, before: readonly Road[] | undefined): readonly Road[] => {
  if (!isRoad(name)) throw new InvalidArgumentError(`one of ${ROADS.join(', ')}`);
  return before === ROADS || before === undefined ? [name] : [...before, name];
};

const program = commandOf('floods', DESCRIPTION)
  .option('--messages <n>', 'by each road', number(1, true), 100)
  .option('--road <name>', 'this road; again for another (default: all)', roadOf, ROADS)
  .addOption(
    new Option('--isolation <kind>', 'where vats run: in threads their memory counts too')
      .choices(['process', 'thread'])
      .default('process'),
  );
program.action(async (flags: Flags) => {
  const { messages, road: roads, isolation } = flags;
  const reports = await runCommand({
    ...{ name: 'floods', unit: 'messages', total: messages * roads.length, flags },
    work: given => runFloods({ ...given, messages, roads, isolation }),
    tell,
  });
  if (reports?.flatMap(findingsIn).length !== 0) process.exitCode = 1;
});
await program.parseAsync();
