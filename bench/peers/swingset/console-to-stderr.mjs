/** First import: SwingSet's own messages go to stderr, so that stdout holds JSON lines only. */
import { Console } from 'node:console';

globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
