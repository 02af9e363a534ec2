// Writes the letters of public npm packages as finished HTML files: node letters.mjs PACKAGES TARGET
//
// PACKAGES is a node_modules folder. Letters that are finished already are copied; those in a template language of
// their own are finished as their projects do it (Inky's for Foundation's, Mailgen's for its themes). Nothing else is
// changed. A package that is not there is left out.

import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const [packages, target] = process.argv.slice(2).map((each) => path.resolve(each))
const require = createRequire(path.join(packages, 'letters.js'))
const read = (...names) => fs.readFileSync(path.join(packages, ...names), 'utf8')
const pages = (...names) => {
  const folder = path.join(packages, ...names)
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter((each) => each.endsWith('.html')) : []
}
let written = 0

function write(name, html) {
  fs.writeFileSync(path.join(target, `${name}.html`), html)
  written += 1
}

function copyFinished() {
  const folders = [
    ['bootstrap-email', 'examples', 'output'],
    ['mosaico', 'templates', 'tedc15'],
    ['mosaico', 'templates', 'tutorial'],
    ['mosaico', 'templates', 'versafix-1'],
    ['email-template-builder'],
    ['ghost', 'core', 'server', 'services', 'mail', 'templates'],
  ]
  for (const folder of folders) {
    for (const page of pages(...folder)) write(`${folder[0]}-${page.slice(0, -5)}`, read(...folder, page))
  }
}

function finishFoundation() {
  if (!pages('foundation-emails', 'templates').length) return
  const { Inky } = require('inky')
  const css = read('foundation-emails', 'dist', 'foundation-emails.css')
  const layout = read('foundation-emails', 'test', 'visual', '_template.html')
  for (const folder of [['templates'], ['test', 'visual', 'pages']]) {
    for (const page of pages('foundation-emails', ...folder)) {
      const content = read('foundation-emails', ...folder, page)
      const html = layout
        .replace(/<link rel="stylesheet"[^>]*>/, () => `<style>${css}</style>`)
        .replace('<%= contents %>', () => content)
      write(`foundation-${page.slice(0, -5)}`, new Inky().releaseTheKraken(html))
    }
  }
}

function finishMailgen() {
  if (!fs.existsSync(path.join(packages, 'mailgen'))) return
  const Mailgen = require('mailgen')
  const product = { name: 'Points Desk', link: 'https://example.org/', copyright: 'Copyright 2026 Points Desk' }
  const email = {
    body: {
      name: 'Ann Analyst',
      intro: 'Welcome! Here are your points.',
      table: { data: [{ item: 'Pencils', price: '12.50' }, { item: 'Paper', price: '4.90' }] },
      action: {
        instructions: 'Look at your account here:',
        button: { color: '#22BC66', text: 'Your account', link: 'https://example.org/account' },
      },
      outro: 'Questions? Just answer this message.',
    },
  }
  for (const theme of ['default', 'neopolitan', 'salted', 'cerberus']) {
    write(`mailgen-${theme}`, new Mailgen({ theme, product }).generate(email))
  }
}

fs.mkdirSync(target, { recursive: true })
copyFinished()
finishFoundation()
finishMailgen()
console.log(`${written} letters in ${target}`)
