// Questions on one table of facts, asked of DuckDB. Prints one JSON document.
//
// usage: node duckdb.mjs FOLDER CSV QUESTIONS NOW DAY    FOLDER: where npm has put @duckdb/node-api
//        QUESTIONS: JSON [{"name", "where"}, ...]; $cut in a `where` is NOW less some days, DAY at last
import { createRequire } from "node:module";
import path from "node:path";

const [folder, csv, questions, now, last] = process.argv.slice(2);
const { DuckDBInstance } = createRequire(path.resolve(folder, "package.json"))("@duckdb/node-api");
const RUNS = 51;

const db = await (await DuckDBInstance.create(":memory:")).connect();
await db.run(`CREATE TABLE facts AS SELECT * FROM read_csv('${csv.replaceAll("'", "''")}', header = true)`);
const answers = [];
for (const { name, where } of JSON.parse(questions)) {
    const times = [];
    let matched;
    for (let day = Number(last) - RUNS + 1; day <= Number(last); day++) {
        const cut = String(BigInt(now) - BigInt(day) * 86400n);
        const begun = process.hrtime.bigint();
        const condition = where.replaceAll("$cut", cut).replaceAll("$now", now);
        const count = await db.runAndReadAll(`SELECT count(*) FROM facts WHERE ${condition}`);
        const people = await db.runAndReadAll(`SELECT id, name, phone FROM facts WHERE ${condition} ORDER BY id LIMIT 50`);
        times.push(Number(process.hrtime.bigint() - begun) / 1e6);
        matched = Number(count.getRows()[0][0]);
        if (people.getRows().length !== Math.min(50, matched)) throw new Error("DuckDB's sample is not whole");
    }
    times.sort((a, b) => a - b);
    answers.push({ name, matched, p50_ms: times[RUNS >> 1], p99_ms: times[RUNS - 1] });
}
console.log(JSON.stringify(answers));
process.exit(0);
