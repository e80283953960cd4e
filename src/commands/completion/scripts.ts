/**
 * What each shell does at TAB: it asks `offsite-rsync complete`, which prints a word and its meaning a line, or where
 * names of files belong, `:files` or `:directories`. What is typed is only handed on, and never evaluated.
 */
export const SCRIPTS = {
  bash: `# bash completion for offsite-rsync, printed by: offsite-rsync completion bash
_offsite_rsync() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
            :directories) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
            *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
        esac
    done < <("$1" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _offsite_rsync offsite-rsync
`,
  zsh: `#compdef offsite-rsync
# zsh completion for offsite-rsync, printed by: offsite-rsync completion zsh
_offsite-rsync() {
    local line
    local -a found
    for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $line in
            :files) _files; return ;;
            :directories) _files -/; return ;;
            ?*) found+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
        esac
    done
    _describe offsite-rsync found
}
if [[ \${funcstack[1]} == _offsite-rsync ]]; then _offsite-rsync "$@"; else compdef _offsite-rsync offsite-rsync; fi
`,
  fish: `# fish completion for offsite-rsync, printed by: offsite-rsync completion fish
function __offsite_rsync_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] complete -- $words[2..] 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :directories
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $line
        end
    end
end
complete -c offsite-rsync -f -a '(__offsite_rsync_complete)'
`,
} as const;

/** A shell for which there is a script. */
export type Shell = keyof typeof SCRIPTS;
