/** What a TypeScript source imports and exports, read with the compiler's own parser. */

import ts from 'typescript'

export interface SourceModule {
  /** From the workspace's root, with '/'. */
  readonly path: string
  readonly text: string
  readonly imports: readonly ModuleImport[]
  readonly defaultExport: boolean
  /** Lines that hold code: neither blank nor only comment. */
  readonly codeLines: number
}

export interface ModuleImport {
  readonly specifier: string
  /** True when nothing of it is left at run time. */
  readonly typeOnly: boolean
  /** `import('...')`: it is loaded when that is reached. */
  readonly lazy?: boolean
}

/** Reads static and dynamic imports, re-exports and `import('...')` types of `text`. */
export function readModule(path: string, text: string): SourceModule {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  const imports: ModuleImport[] = []
  let defaultExport = false
  const visit = (node: ts.Node): void => {
    const found = importOf(node)
    if (found) imports.push(found)
    defaultExport ||= isDefaultExport(node)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return {
    path,
    text,
    imports,
    defaultExport,
    // Of a few files alone, for it takes most of the time.
    get codeLines() {
      return countCodeLines(file)
    },
  }
}

/** Lines of `text`; a final line break starts no further one. */
export function lineCount(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function importOf(node: ts.Node): ModuleImport | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, typeOnly: isTypeOnlyClause(node.importClause) }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    const { exportClause } = node
    const named = exportClause && ts.isNamedExports(exportClause) ? exportClause.elements : undefined
    return { specifier: node.moduleSpecifier.text, typeOnly: node.isTypeOnly || isAllTypes(named) }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments
    return { specifier: argument && ts.isStringLiteralLike(argument) ? argument.text : '<computed>', typeOnly: false, lazy: true }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, typeOnly: true }
  }
  return undefined
}

function isTypeOnlyClause(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const bindings = clause.namedBindings
  return !clause.name && isAllTypes(bindings && ts.isNamedImports(bindings) ? bindings.elements : undefined)
}

function isAllTypes(elements: readonly { readonly isTypeOnly: boolean }[] | undefined): boolean {
  return elements !== undefined && elements.length > 0 && elements.every((element) => element.isTypeOnly)
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true
  if (ts.isExportSpecifier(node)) return node.name.text === 'default'
  return ts.canHaveModifiers(node) && (ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword) ?? false)
}

function countCodeLines(file: ts.SourceFile): number {
  const lines = new Set<number>()
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(file).filter((child) => !ts.isJSDoc(child))
    if (children.length > 0) for (const child of children) visit(child)
    else if (node.getWidth(file) > 0) {
      const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line
      for (let line = first; line <= last; line += 1) lines.add(line)
    }
  }
  visit(file)
  return lines.size
}
