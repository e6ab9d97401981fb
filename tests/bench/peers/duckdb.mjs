// SPDX-License-Identifier: MIT
// DuckDB: duckdb.mjs IN OUT WORKLOAD
//
// Its list_sum() of BIGINTs is a HUGEINT, so it is exact where int64 is not. Three columns are
// fastest as columns; many, or rows of different lengths, as lines that are split.
import { createRequire } from 'node:module';

const { DuckDBInstance } = createRequire(`${process.env.ROWSUM_NODE}/`)('@duckdb/node-api');
const [input, output, workload] = process.argv.slice(2);

let source, sum;
if (workload === 'narrow') {
  source = `read_csv('${input}', header=false, columns={a: 'BIGINT', b: 'BIGINT', c: 'BIGINT'})`;
  sum = 'list_sum([a, b, c])';
} else {
  source = `read_csv('${input}', header=false, delim='\x01', quote='', escape='', columns={line: 'VARCHAR'})`;
  const line = workload === 'messy' ? `translate(line, '" ', '')` : 'line';
  sum = `list_sum(string_split(${line}, ',')::BIGINT[])`;
}
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run(
  `COPY (SELECT row_number() OVER () - 1, ${sum} FROM ${source}) TO '${output}' (FORMAT csv, HEADER false)`);
