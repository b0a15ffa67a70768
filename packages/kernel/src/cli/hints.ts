/** What follows the message of a wrong argument: the right ones, and where more is said of them. */
import type { Command } from 'commander';

const WIDTH_MAX = 80;

const lineBroken = (command: Command, text: string): string =>
  command.createHelp().boxWrap(text, WIDTH_MAX);

/** For a program's wrong command: the commands that it has. */
export const programHint = (program: Command): string => {
  const names = program.commands.map(command => command.name()).join(', ');
  const more = `${program.name()} COMMAND --help shows the options of each.`;
  return `${lineBroken(program, `The commands: ${names}.`)}\n${more}`;
};

/** For a command's wrong option or argument: how it is called, and its options. */
export const commandHint = (command: Command): string => {
  const called = `${command.parent?.name() ?? ''} ${command.name()}`.trim();
  const names = command.options.map(option => option.long ?? option.short).join(', ');
  const usage = `Usage: ${called} ${command.usage()}`;
  return `${usage}\n${lineBroken(command, `The options: ${names}; ${called} --help shows them.`)}`;
};
