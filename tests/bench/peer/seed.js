// Fills the databases from standard input: a JSON list of companies with their vehicles.
import fs from 'node:fs'
import mysql from 'mysql2/promise'

const COLUMNS = [
  'id', 'make', 'model', 'version', 'year_model', 'price_centavos', 'mileage_km', 'fuel', 'transmission', 'body',
  'color', 'options', 'description', 'photos',
]
const BATCH = 500

const schema = fs.readFileSync(new URL('schema.sql', import.meta.url), 'utf8')
const companies = JSON.parse(fs.readFileSync(0, 'utf8'))
const db = await mysql.createConnection({
  socketPath: process.env.MYSQL_SOCKET,
  user: process.env.MYSQL_USER,
  multipleStatements: true,
})

await db.query(`CREATE DATABASE IF NOT EXISTS central; USE central;
  CREATE TABLE IF NOT EXISTS companies (
    id INT PRIMARY KEY, name VARCHAR(120), phone_number_id VARCHAR(40) UNIQUE, access_token VARCHAR(400))`)
for (const { vehicles, ...company } of companies) {
  await db.query('INSERT INTO central.companies SET ?', company)
  await db.query(`CREATE DATABASE company_${company.id}; USE company_${company.id}; ${schema}`)
  const rows = vehicles.map((vehicle) =>
    COLUMNS.map((name) => (Array.isArray(vehicle[name]) ? JSON.stringify(vehicle[name]) : vehicle[name])),
  )
  for (let from = 0; from < rows.length; from += BATCH) {
    await db.query(`INSERT INTO vehicles (${COLUMNS.join(', ')}) VALUES ?`, [rows.slice(from, from + BATCH)])
  }
}
await db.end()
