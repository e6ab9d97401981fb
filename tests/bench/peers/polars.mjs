// SPDX-License-Identifier: MIT
// Polars: polars.mjs IN OUT WORKLOAD
//
// Lines that are split, on every workload: faster here than sumHorizontal() of columns, and the only
// way for rows of different lengths. Its sums of int64 wrap, those of decimals have 128 bits.
import { createRequire } from 'node:module';

const polars = createRequire(`${process.env.ROWSUM_NODE}/`)('nodejs-polars');
const pl = polars.default ?? polars;
const [input, output, workload] = process.argv.slice(2);

const integer = workload === 'wide' ? pl.Decimal(38, 0) : pl.Int64;
let line = pl.col('column_1');
if (workload === 'messy') line = line.str.replaceAll('[" ]', '');
const sums = await pl
  .scanCSV(input, { hasHeader: false, sep: '\x01', quoteChar: '\x02', inferSchemaLength: 0 })
  .select(line.str.split(',').cast(pl.List(integer)).lst.sum().alias('sum'))
  .withRowIndex()
  .collect({ streaming: true });
sums.writeCSV(output, { includeHeader: false });
