import { strict as assert } from 'node:assert';
import { ItemTable } from '../../../../src/engine/record/itemTable.ts';
import type { BatchItem } from '../../../../src/engine/record/batchRecord.ts';
import { checkpointId } from '../../../../src/engine/record/checkpoint.ts';
import { seededRandom } from '../../../support/random.ts';

function item(name: string, changes: Partial<BatchItem> = {}): BatchItem {
  const filePath = `/s/${name}`;
  return {
    id: checkpointId(filePath, 'b', name),
    filePath,
    target: { bucket: 'b', key: name, region: '', profile: '' },
    options: { partSizeBytes: 1_000_000, parallel: 3, forbidOverwrite: false, object: {} },
    sizeBytes: 5,
    isDiscarding: false,
    ...changes,
  };
}

function tableOf(items: readonly BatchItem[]): ItemTable {
  const table = new ItemTable();
  for (const one of items) table.set(one);
  return table;
}

describe('a table of items', () => {
  it('is what a map of them is, whatever is done to it', () => {
    const seed = Number(process.env['TEST_SEED'] ?? 20261129);
    const random = seededRandom(seed);
    const below = (most: number): number => Math.floor(random() * most);
    const table = new ItemTable();
    const map = new Map<string, BatchItem>();
    for (let step = 0; step < 4000; step++) {
      const name = `${below(9)}/${below(150)}`;
      // An id of another form, as a renamed file has.
      const id = below(50) === 0 ? `renamed ${name}` : item(name).id;
      if (below(4) === 0) {
        table.delete(id);
        map.delete(id);
      } else {
        const one = item(name, { id, sizeBytes: below(1000), isDiscarding: below(5) === 0 });
        table.set(one);
        map.set(id, one);
      }
    }
    const told = `TEST_SEED=${seed}`;
    assert.equal(table.size, map.size, told);
    assert.deepEqual([...table.values()], [...map.values()], told);
    for (const [id, one] of map) assert.deepEqual(table.at(table.indexOf(id)), one, told);
    assert.equal(table.indexOf(item('unknown').id), -1);
    assert.equal(table.has('unknown'), false);
  });

  it('never gives the number of a file away again, and still tells what it was', () => {
    const table = tableOf([item('a'), item('b')]);
    const index = table.indexOf(item('a').id);
    table.deleteAt(index);
    assert.equal(table.hasAt(index), false);
    assert.deepEqual(table.at(index), item('a'));
    assert.equal(table.set(item('a')), 2);
    assert.deepEqual([...table.indices()], [1, 2]);
  });

  it('knows the folders of the objects that are there', () => {
    const table = tableOf([item('x/a'), item('y/b')]);
    const keys = (): string[] => table.folders().map(({ key }) => key);
    assert.deepEqual(keys(), ['x/', 'y/']);
    table.delete(item('x/a').id);
    assert.deepEqual(keys(), ['y/']);
    table.set(item('z/c'));
    assert.deepEqual(keys(), ['y/', 'z/']);
  });
});
