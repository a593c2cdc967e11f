/** A guess at the language of a short text, by its script and its function words. */

import type { Token } from './scan.js'

/** ISO 639-1 code, or 'und' where it cannot be told. */
export type Language = string

const FUNCTION_WORDS: Readonly<Record<string, string>> = {
  en: 'the a an is are was were do does did how what where when why who which can could i my you your me it of to for in on with and or not have has will would should this that please from at by be if about',
  es: 'el la los las un una de del que qué en es son cómo como cuál cuánto cuánta dónde cuándo por para con mi tu su puedo quiero hacer está al lo se y o pero muy más nos les me te se esta este estos estas ese esa hay ser soy eres sus si sin sobre entre desde hasta también tengo tiene puede puedes debo cuesta cuántos cuántas cuáles quién',
  fr: 'le la les un une des du de est sont que qui quoi comment où quand pourquoi quel quelle je tu il elle nous vous mon ma mes ce cette dans pour avec sur et ou ne pas puis à au aux faire quels quelles leur leurs votre vos notre nos ces cet est-ce ai as avez avons ont peut peux peut-on suis être avoir sans si y en se combien',
  de: 'der die das ein eine einen dem den des ist sind wie was wo wann warum wer welche welcher ich du er sie wir mein meine mit für auf und oder nicht kann von zu im am es bei nach kein keine keinen keinem diese dieser dieses haben hat habe wird werden muss kann können soll sollte darf ihr ihre ihren sein seine uns unser wenn noch mehr ohne aus durch über unter vor zwischen viele viel welches welchen',
  it: 'il lo la gli le un una di del della che è sono come cosa dove quando perché chi quale io tu mio mia con per su e o non posso nel nella al alla dei delle degli questo questa questi quanto quanti quali ha hai ho sei siamo dal dalla sul sulla senza più ma se devo può',
  pt: 'o os as um uma de do da que é são como onde quando por qual quem eu meu minha com para em no na e ou não posso fazer você ao aos pelo pela seu sua quais quanto quantos quantas esta este isso tem têm está ser sem mais muito mas ou se eles elas devo preciso',
  nl: 'de het een is zijn hoe wat waar wanneer waarom wie welke ik je jij mijn met voor op en of niet kan van te in naar',
  pl: 'jest są jak co gdzie kiedy dlaczego kto który ja mój moja z na do w i lub nie mogę czy się dla od',
  sv: 'en ett är hur vad var när varför vem vilken jag du min mitt med för på och eller inte kan av till i det den',
  tr: 'bir bu nasıl ne nerede neden kim hangi ben benim ile için ve veya mi mı mu var nedir',
  id: 'yang dan di ke dari apa bagaimana siapa kapan mengapa saya anda ini itu untuk dengan tidak bisa',
}
const SCRIPTS: readonly (readonly [script: RegExp, language: Language])[] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, 'ja'],
  [/\p{Script=Hangul}/u, 'ko'],
  [/\p{Script=Han}/u, 'zh'],
  [/[іїєґ]/iu, 'uk'],
  [/\p{Script=Cyrillic}/u, 'ru'],
  [/\p{Script=Arabic}/u, 'ar'],
  [/\p{Script=Hebrew}/u, 'he'],
  [/\p{Script=Devanagari}/u, 'hi'],
  [/\p{Script=Greek}/u, 'el'],
  [/\p{Script=Thai}/u, 'th'],
  [/\p{Script=Bengali}/u, 'bn'],
  [/\p{Script=Tamil}/u, 'ta'],
]
// biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII has no other script
const ASCII = /^[\x00-\x7f]*$/
/** Share of a text's letters from which on its script decides. */
const MAJORITY = 0.4

const INDEX: ReadonlyMap<string, readonly Language[]> = indexed()

/** Undecided is 'und': the guards for words take that for English, the guard for languages for none. */
export function languageOf(text: string, tokens: readonly Token[]): Language {
  if (!ASCII.test(text)) {
    const byScript = scriptOf(text)
    if (byScript !== undefined) return byScript
  }
  const votes = new Map<Language, number>(/[¿¡]/.test(text) ? [['es', 2]] : [])
  let words = 0
  for (const { kind, text: word } of tokens) {
    if (kind !== 'word') continue
    words++
    const languages = INDEX.get(word)
    if (languages === undefined) continue
    for (const language of languages) votes.set(language, (votes.get(language) ?? 0) + 1 / languages.length)
  }
  let best = 'und'
  let most = 0
  let second = 0
  for (const [language, count] of votes) {
    if (count > most) {
      second = most
      most = count
      best = language
    } else if (count > second) second = count
  }
  const needed = best === 'en' ? 0.5 : Math.max(1.5, words * 0.2)
  return most >= needed && most > second * 1.3 ? best : 'und'
}

function scriptOf(text: string): Language | undefined {
  const letters = text.match(/\p{L}/gu)
  if (letters === null) return undefined
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0
  if (letters.length - latin < letters.length * MAJORITY) return undefined
  return SCRIPTS.find(([script]) => script.test(text))?.[1] ?? 'other'
}

function indexed(): ReadonlyMap<string, readonly Language[]> {
  const index = new Map<string, Language[]>()
  for (const [language, words] of Object.entries(FUNCTION_WORDS))
    for (const word of words.split(' ')) index.set(word, [...(index.get(word) ?? []), language])
  return index
}
