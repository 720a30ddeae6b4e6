"""The mail of a run for people to look at: one HTML file, or a folder of `.eml` files.

Like `inbox`, which shows the same views live, it reads records, and nothing of how they came to be.
Nothing here is imported in a run without the options.

* `entry`: what is shown of one message or refused attempt: plain, bounded values
* `harmless`: text of strangers, in which nothing hides, and names that lead nowhere else
* `spool`: entries on disk until the end of the run, one file for each process
* `pages`: templates, style sheet, script and the policy of the page
* `files`: the one HTML file of a run, and a folder for each test, with its messages as `.eml` files
"""
