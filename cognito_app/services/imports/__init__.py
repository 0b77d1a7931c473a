"""Importing users from a CSV file: jobs, the upload, the rules of a row, the worker.

Source: https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool.html
"""
