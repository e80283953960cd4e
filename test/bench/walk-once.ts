import { parseSnapshotId } from '../../src/shared/snapshot-id.ts';
import { findChanged, prepareRecord } from '../../remote-scripts/gate/shared-inodes.ts';

// Walks a tree once as the gate does, in a process of its own. Arguments: the directory of records, that of snapshots,
// `record` (of a basis that has none) or `compare` (what was pushed, with the record of its basis), the id, and the
// basis.
const [records = '', snapshots = '', what = '', ...ids] = process.argv.slice(2);
const [id, basis] = ids.map((text) => parseSnapshotId(text));
if (id === undefined || basis === undefined) throw new Error(`No ids: ${ids.join(' ')}`);
const paths = { records, snapshots };
if (what === 'record') await prepareRecord(paths, id, basis);
else if ((await findChanged(paths, id, id)) !== undefined) throw new Error('Something has changed, and nobody did it');
