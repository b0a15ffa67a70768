/** What is wrong with the kernel's tables in a closed store, in words: see the kernel's audit. */
import { auditTables } from '@heirloom/kernel';
import { openReader } from '@heirloom/store';

export const auditStore = async (directory: string): Promise<string[]> => {
  const reader = openReader({ directory, readersMax: 2048 });
  const snapshot = reader.begin();
  try {
    return auditTables(snapshot).findings.map(finding => JSON.stringify(finding));
  } finally {
    snapshot.done();
    await reader.close();
  }
};
